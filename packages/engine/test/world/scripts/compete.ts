// Takes the lock `rounds` times, whenever it is free, and says when it is in and when it is out.
import { isProblem } from '@coldstart/contract';
import { takeLock } from '../../../src/world/index.ts';
import { open } from './world.ts';

const [, , , name = '', rounds = ''] = process.argv;
const world = await open();
for (let taken = 0; taken < Number(rounds);) {
  try {
    const lock = await takeLock(world, '.coldstart/lock', { run: `${name}${taken}`, procedure: 'create' });
    await world.append('log', `in ${name}${lock.deviations.length > 0 ? ' took over' : ''}`);
    await world.sleep(5);
    await world.append('log', `out ${name}`);
    await lock.release();
    taken += 1;
  } catch (error) {
    if (!isProblem(error) || error.exit !== 5) throw error;
  }
  await world.sleep(world.random() * 10);
}
