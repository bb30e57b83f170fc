import type { Done, Probe, Reader } from '@coldstart/contract';
import { expect, test } from 'vitest';
import { askAgain } from '../src/again.ts';

const done = (exit: number | null, stderr = '', how: Done['how'] = 'exit'): Done => ({
  exit,
  how,
  stdout: new Uint8Array(),
  stderr,
});
const CUT = done(1, 'Unable to connect to the server: EOF\n');
const LATE = done(null, '', 'deadline');
const probe: Probe = { tool: 'kubectl', argv: ['get', '--raw', '/readyz'], deadline: 1000 };

/** Answers one after another; the last one stays. */
async function asked(...answers: Done[]): Promise<[Done, number]> {
  let calls = 0;
  const world = { probe: async () => answers[Math.min(calls++, answers.length - 1)] as Done } as unknown as Reader;
  return [await askAgain(world, probe), calls];
}

test.each([
  ['told at once', [done(0)], 0, 1],
  ['lost once', [CUT, done(0)], 0, 2],
  ['lost twice', [CUT, CUT, done(0)], 0, 3],
  ['always lost', [CUT], 1, 3],
  [
    'refused while the server restarts',
    [
      done(1, 'The connection to the server 192.0.2.10:6443 was refused - did you specify the right host or port?'),
      done(0),
    ],
    0,
    2,
  ],
  ['out of time once', [LATE, done(0)], 0, 2],
  ['always out of time', [LATE], null, 2],
  ['a plain no is no loss', [done(1, 'Error from server (Forbidden): is forbidden: User')], 1, 1],
  ['a tool that is not there', [done(null, 'kubectl: not found', 'spawn')], null, 1],
] as const)('%s', async (_what, answers, exit, calls) => {
  const [answer, n] = await asked(...answers);
  expect([answer.exit, n]).toEqual([exit, calls]);
});
