/**
 * A process of its own that ends others, by process group, when its starter is gone, however it went: its stdin closes then.
 *
 *     node leash-process.ts        stdin: `hold PID` or `drop PID` per line
 *
 * SIGINT first, as Ctrl-C would, so that coldstart ends what it started; SIGKILL for what is still there after 20 s.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { killGroup } from '../children.ts';

const held = new Set<number>();

const isThere = (pid: number): boolean => {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
};

const end = async (): Promise<void> => {
  for (const pid of held) killGroup(pid, 'SIGINT');
  for (let tries = 0; tries < 200 && [...held].some(isThere); tries += 1) await sleep(100);
  for (const pid of held) killGroup(pid, 'SIGKILL');
  process.exit(0);
};

// The terminal's Ctrl-C reaches the starter; what follows from it comes by stdin.
process.on('SIGINT', () => {});
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [what, pid] = line.split(' ');
    if (what === 'hold') held.add(Number(pid));
    else held.delete(Number(pid));
  })
  .on('close', () => void end());
