import { chance, type Chance } from './chance.ts';
import { beside, companions, leadOf, trouble, type Trouble } from './troubles.ts';

/** How often a tool call goes wrong by itself, and in which way; probabilities add up to at most 1. */
export type Weather = {
  /** Nothing reaches the node, and the tool says so. */
  fails: number;
  /** It is carried out, and the connection is cut before the answer. */
  cut: number;
  /** It is not carried out, and nothing is heard until the deadline. */
  hangs: number;
};

/** One process of coldstart while there are faults. */
export type Episode = {
  /** SIGKILL at its n-th call to the world, before it is carried out or after; `torn`: the journal's last line is cut at this share. */
  kill?: { at: number; when: 'before' | 'after'; torn: number | null };
  /** SIGINT at its n-th call. */
  interrupt?: number;
  /** From the n-th line on, the journal's disk is full. */
  full?: number;
  /** Another operator gives the same command, so many ms later: beside this one, or on another machine with a clone of its own. */
  second?: { clone: boolean; after: number };
  /** What is gone afterwards: the journals, or all state with the identity. */
  lose?: 'journals' | 'state';
  /** How long nobody does anything afterwards. */
  pause: number;
};

/** One random history, drawn from one seed. Plain JSON, so that it can be made smaller and printed. */
export type Case = {
  seed: number;
  controlPlanes: number;
  workers: number;
  /** Phase −1 only, or the whole bring-up. */
  scope: 'talos' | 'whole';
  parallel: number;
  weather: Weather | null;
  troubles: Trouble[];
  episodes: Episode[];
  /** The whole command once more after success: nothing may be received. */
  again: boolean;
  verify: boolean;
  /** The machines share a lock at a Git remote. */
  remote?: boolean;
};

const MINUTE = 60_000;

/** How many control planes there are, by weight. What strikes after the machines does not ask how many there are. */
const MANY = [
  [1, 25],
  [3, 60],
  [5, 15],
] as const;
const FEW = [
  [1, 65],
  [3, 30],
  [5, 5],
] as const;

/** More workers than a few. Not every number: each is a repository of its own to be written and surveyed. */
const CROWDS = [4, 9, 20] as const;

/** How many starts with trials there are. One the whole way takes three times as long as one to the machines: there are fewer. */
const STARTS = [
  [1, 6],
  [2, 3],
  [3, 1],
] as const;
const FEW_STARTS = [
  [1, 8],
  [2, 2],
] as const;

/** Draws a case: one fault that it is about, and others beside it. */
export function draw(seed: number): Case {
  const by = chance(seed);
  const lead = leadOf(seed);
  const scope = lead?.late || by.happens(0.02) ? 'whole' : 'talos';
  const controlPlanes = lead?.at === 'joining' ? by.pick([3, 3, 5]) : by.weighed(lead?.late ? FEW : MANY);
  const workers = by.happens(lead?.late ? 0.02 : 0.055) ? by.pick(CROWDS) : by.int(0, lead?.late ? 1 : 3);
  const names = nodeNames(controlPlanes, workers);
  // What comes after the machines is seen only where no other fault ends the run before it.
  const others = lead?.late
    ? 0
    : by.weighed([
        [0, 5],
        [1, 3],
        [2, 2],
        [3, 1],
      ] as const);
  const troubles = lead ? [trouble(lead, by, names, by.happens(0.3))] : [];
  if (lead?.late) for (const kind of companions(by)) troubles.push(trouble(kind, by, names, false));
  for (let i = 0; i < others; i++) troubles.push(trouble(beside(by), by, names, by.happens(0.5)));
  const calm: Episode[] = by.happens(lead?.late ? 0.95 : 0.5) ? [{ pause: 0 }] : [];
  const episodes = Array.from({ length: by.weighed(lead?.late ? FEW_STARTS : STARTS) }, () => episode(by, scope));
  return {
    seed,
    controlPlanes,
    workers,
    scope,
    parallel: by.pick([1, 1, 3]),
    weather: by.happens(lead?.late ? 0.1 : 0.35) ? weather(by) : null,
    troubles,
    episodes: [...calm, ...episodes],
    again: by.happens(0.3),
    verify: by.happens(0.05),
    remote: by.happens(episodes.some(({ second }) => second?.clone) ? 0.6 : 0.05),
  };
}

export const nodeNames = (controlPlanes: number, workers: number): string[] => [
  ...Array.from({ length: controlPlanes }, (_, i) => `cp-${i + 1}`),
  ...Array.from({ length: workers }, (_, i) => `worker-${String(i + 1).padStart(2, '0')}`),
];

function weather(by: Chance): Weather {
  const p = by.pick([0.01, 0.05, 0.1]);
  const [a, b, c] = [by.next(), by.next(), by.next() / 4];
  const sum = a + b + c;
  return { fails: (p * a) / sum, cut: (p * b) / sum, hangs: (p * c) / sum };
}

function episode(by: Chance, scope: Case['scope']): Episode {
  const one: Episode = { pause: by.happens(0.5) ? 0 : by.log(1000, 20 * MINUTE) };
  const calls = scope === 'whole' ? 6000 : 2500;
  const what = by.weighed([
    ['kill', 50],
    ['interrupt', 10],
    ['full', 6],
    ['nothing', 34],
  ] as const);
  if (what === 'kill')
    one.kill = { at: by.log(5, calls), when: by.pick(['before', 'after']), torn: by.happens(0.4) ? by.next() : null };
  if (what === 'interrupt') one.interrupt = by.log(5, calls);
  if (what === 'full') one.full = by.log(1, 400);
  if (by.happens(0.12)) one.second = { clone: by.happens(0.5), after: by.happens(0.3) ? 0 : by.log(1000, 15 * MINUTE) };
  if (by.happens(0.06)) one.lose = by.pick(['journals', 'state']);
  return one;
}
