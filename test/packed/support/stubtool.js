#!/usr/bin/env node
// A small program that logs what it receives into stub.log of its working folder. `slow ID` ends after
// STUB_SLOW_MS, or once there is the file STUB_SLOW_UNTIL, and logs each signal.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

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
    const { STUB_SLOW_MS: ms = 0, STUB_SLOW_UNTIL: file } = process.env;
    const look = () => {
      // Whoever asked for it is gone, and its folder with it.
      if (!existsSync('coldstart.yaml')) process.exit(1);
      if (file && !existsSync(file)) setTimeout(look, 20);
      else log({ ended: argv[1] });
    };
    setTimeout(look, Number(ms));
  }
}
