#!/usr/bin/env node
// A small program that logs what it receives into stub.log of its working folder. `slow ID` takes STUB_SLOW_MS, and logs each signal.
import { appendFileSync, readFileSync } from 'node:fs';

const argv = process.argv.slice(2);
const log = (line) => appendFileSync('stub.log', `${JSON.stringify(line)}\n`);
if (argv[0] === '--version') console.log('1.2.3');
else {
  const stdin = argv[0] === 'two' ? readFileSync(0, 'utf8') : '';
  log({ argv, stdin, pid: process.pid });
  if (argv[0] === 'end') log({ ended: argv[1] });
  if (argv[0] === 'slow') {
    for (const signal of ['SIGINT', 'SIGTERM'])
      process.on(signal, () => (log({ signal, pid: process.pid }), process.exit(1)));
    setTimeout(() => log({ ended: argv[1] }), Number(process.env.STUB_SLOW_MS ?? 0));
  }
}
