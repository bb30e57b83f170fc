// Opens the world of a test's sandbox in a process of its own.
import { join } from 'node:path';
import type { World } from '@coldstart/contract';
import { openRealWorld } from '../../../src/world/index.ts';
import { tool } from '../sandbox.ts';

export const dir = process.argv[2] ?? '';

export function open(): Promise<World> {
  return openRealWorld({
    root: join(dir, 'repo'),
    env: { PATH: join(dir, 'bin'), HOME: join(dir, 'home') },
    tools: [tool('stub')],
    scratchBase: join(dir, 'scratch'),
  });
}
