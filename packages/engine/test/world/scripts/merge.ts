// A run that merges into a file, and whose process is killed as soon as the file is written: its second argument is the file.
import { carryOut, changing, needed } from '../../support/harness.ts';
import type { FakeWorld } from '../../support/fake-world.ts';
import { open } from './world.ts';

const path = process.argv[3] ?? '';
const world = await open();
const write = world.write.bind(world);
world.write = async (file, ...rest) => {
  await write(file, ...rest);
  if (file === path) process.kill(process.pid, 'SIGKILL');
};
const merge = { do: 'merge', id: 'm', why: 'm', path, fn: 'put', in: [], mode: 0o600, risk: 'change' } as const;
const step = changing(world as FakeWorld, 'a/one', {
  plan: () => [{ ...merge, in: [], guard: [] }],
  observe: async () => needed(),
});
process.stdout.write('begun\n');
await carryOut(world as FakeWorld, [step], { parts: { merges: { put: () => Buffer.from('merged') } } });
