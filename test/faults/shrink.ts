import type { Case, Episode } from './case.ts';
import type { Played } from './play.ts';
import { isLate } from './troubles.ts';

export type Shrunk = { case: Case; broken: string[]; ends: string[]; tries: number };

const TRIES = 80;

/**
 * The smallest case found that still breaks a law of the same kind: fewer episodes and faults, less weather, fewer nodes,
 * earlier and simpler moments. Greedy: each step that still fails is kept.
 */
export async function shrink(
  from: Case,
  broken: readonly string[],
  play: (one: Case) => Promise<Played>,
): Promise<Shrunk> {
  const kinds = new Set(broken.map(kindOf));
  let best: Shrunk = { case: from, broken: [...broken], ends: [], tries: 0 };
  let tries = 0;
  for (let better = true; better && tries < TRIES;) {
    better = false;
    for (const smaller of smallerThan(best.case)) {
      if (++tries > TRIES) break;
      const played = await play(smaller);
      if (!played.broken.some((line) => kinds.has(kindOf(line)))) continue;
      best = { case: smaller, broken: played.broken, ends: played.ends, tries };
      better = true;
      break;
    }
  }
  return { ...best, tries };
}

/** The law without names and numbers. */
const kindOf = (line: string): string => line.replaceAll(/\b(?:cp|worker)-\d+\b|\d+/g, '').slice(0, 48);

function* smallerThan(one: Case): Generator<Case> {
  const without = <T>(list: readonly T[], at: number): T[] => list.filter((_, i) => i !== at);
  if (one.scope === 'whole')
    yield { ...one, scope: 'talos', troubles: one.troubles.filter(({ fault }) => !isLate(fault)) };
  if (one.remote) yield { ...one, remote: false };
  if (one.again) yield { ...one, again: false };
  if (one.episodes.length > 1)
    for (const i of one.episodes.keys()) yield { ...one, episodes: without(one.episodes, i) };
  for (const i of one.troubles.keys()) yield { ...one, troubles: without(one.troubles, i) };
  if (one.weather) {
    yield { ...one, weather: null };
    for (const kind of ['fails', 'cut', 'hangs'] as const)
      if (one.weather[kind] > 0) yield { ...one, weather: { ...one.weather, [kind]: 0 } };
  }
  for (const [i, episode] of one.episodes.entries())
    for (const simpler of simplerThan(episode))
      yield { ...one, episodes: one.episodes.map((other, j) => (i === j ? simpler : other)) };
  for (const workers of new Set([0, Math.floor(one.workers / 2), one.workers - 1]))
    if (workers >= 0 && workers < one.workers) yield fewer(one, one.controlPlanes, workers);
  if (one.controlPlanes > 1) yield fewer(one, one.controlPlanes === 5 ? 3 : 1, one.workers);
  if (one.parallel > 1) yield { ...one, parallel: 1 };
  for (const [i, { from }] of one.troubles.entries())
    if (from > 0)
      for (const earlier of [0, Math.floor(from / 2)])
        yield { ...one, troubles: one.troubles.map((other, j) => (i === j ? { ...other, from: earlier } : other)) };
}

function* simplerThan(episode: Episode): Generator<Episode> {
  const { kill, interrupt, full, second, lose, pause, ...rest } = episode;
  const all = {
    ...rest,
    pause,
    ...(kill && { kill }),
    ...(interrupt !== undefined && { interrupt }),
    ...(full !== undefined && { full }),
    ...(second && { second }),
    ...(lose && { lose }),
  };
  const less = (key: keyof typeof all): Episode =>
    Object.fromEntries(Object.entries(all).filter(([name]) => name !== key)) as Episode;
  for (const key of ['lose', 'second', 'kill', 'interrupt', 'full'] as const)
    if (episode[key] !== undefined) yield less(key);
  if (pause > 0) yield { ...all, pause: 0 };
  if (kill && kill.torn !== null) yield { ...all, kill: { ...kill, torn: null } };
  if (kill && kill.at > 1)
    for (const at of new Set([Math.floor(kill.at / 2), kill.at - 1])) yield { ...all, kill: { ...kill, at } };
  if (interrupt !== undefined && interrupt > 1) yield { ...all, interrupt: Math.floor(interrupt / 2) };
  if (full !== undefined && full > 0) yield { ...all, full: Math.floor(full / 2) };
  if (second && second.after > 0) yield { ...all, second: { ...second, after: 0 } };
}

/** With fewer nodes; what struck a node that is gone strikes nobody. */
function fewer(one: Case, controlPlanes: number, workers: number): Case {
  const there = (name: string): boolean => {
    const [role, number] = name.split('-');
    return Number(number) <= (role === 'cp' ? controlPlanes : workers);
  };
  return {
    ...one,
    controlPlanes,
    workers,
    troubles: one.troubles.filter(({ fault }) => {
      const at = /@((?:cp|worker)-\d+)/.exec(fault)?.[1];
      return at === undefined || there(at);
    }),
  };
}
