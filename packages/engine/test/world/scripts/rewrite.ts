// Writes one file over and over, all `a` or all `b`, until it is killed.
import { open } from './world.ts';

const world = await open();
const [a, b] = ['a', 'b'].map((c) => Buffer.alloc(3_000_000, c)) as [Buffer, Buffer];
await world.write('file', a, 0o640);
process.stdout.write('begun\n');
for (;;) {
  await world.write('file', b, 0o640);
  await world.write('file', a, 0o640);
}
