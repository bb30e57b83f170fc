import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, type Ran, type Task } from './contest.ts';
import type { Played } from './play.ts';
import { Tally } from './tally.ts';
import { Grounds } from './topology.ts';
import { draw } from './case.ts';
import { KINDS } from './troubles.ts';

/** What the benchmark counts: each of its words is said where it is due. */
let grounds: Grounds;
beforeAll(() => void (grounds = new Grounds()));
afterAll(() => grounds.close());

type Row = [what: string, told: Pick<Task, 'who' | 'p' | 'seed' | 'starts'>, outcome: Ran['outcome'], why: RegExp];
test.each<Row>([
  ['coldstart, and nothing fails', { who: 'coldstart', p: 0, seed: 1, starts: 1 }, 'right', /^$/],
  ['the shell, and nothing fails', { who: 'shell', p: 0, seed: 1, starts: 1 }, 'right', /^$/],
  [
    'the shell says success, and a control plane has no config',
    { who: 'shell', p: 0.1, seed: 3, starts: 1 },
    'silently wrong',
    /cp-2: missing from the cluster/,
  ],
  ['the shell says nothing any more', { who: 'shell', p: 0.1, seed: 6, starts: 1 }, 'hung', /bootstrap/],
  ['coldstart, and every call fails', { who: 'coldstart', p: 1, seed: 1, starts: 2 }, 'told', /talos\//],
])('%s', async (_, told, outcome, why) => {
  const ran = await attempt({ ...told, scope: 'talos' }, grounds);
  expect(ran).toMatchObject({ outcome, why: expect.stringMatching(why) as string });
});

describe('the tally', () => {
  const played = (fired: Record<string, number>): Played => ({
    broken: [],
    fired,
    ends: ['exit 0'],
    recovery: null,
    virtual: 0,
  });

  test('names the kinds that fired in too few runs, and those that never did', () => {
    const [often, once] = KINDS.map(({ name }) => name) as [string, string];
    const tally = new Tally();
    for (let nth = 0; nth < 200; nth += 1) tally.add(draw(1), played({ [often]: 2, [once]: nth === 0 ? 300 : 0 }));
    const seldom = tally.seldom(0.01);
    expect(seldom).toHaveLength(KINDS.length - 1);
    expect(seldom).toContain(`${once} (0.5 %)`);
    expect(seldom.filter((kind) => kind.startsWith(`${often} (`))).toEqual([]);
  });
});
