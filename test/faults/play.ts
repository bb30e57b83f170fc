import { verifyEvidence } from '@coldstart/engine';
import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { chance } from './chance.ts';
import type { Case, Episode } from './case.ts';
import { helpFor } from './help.ts';
import { always, leaks, ofEnd } from './laws.ts';
import { startProcess, type Ended, type Process } from './process.ts';
import { CLUSTER, type Ground, type Grounds } from './topology.ts';
import { Watch } from './watch.ts';
import { hasOneCluster } from './whole.ts';

export type Played = {
  /** Laws that were broken, one line each; empty when all held. */
  broken: string[];
  /** How often each fault and trial came true. */
  fired: Record<string, number>;
  /** How each process ended, in order. */
  ends: string[];
  /** Virtual ms from the moment when the faults were lifted to the end of the next run; null where it was not reached. */
  recovery: number | null;
  virtual: number;
};

/** Plays a case: episodes with faults, then without faults one run that must finish. */
export async function play(one: Case, grounds: Grounds): Promise<Played> {
  const ground = await grounds.of(one);
  const lab = await openLab({
    root: ground.root,
    cluster: CLUSTER,
    facts: ground.facts,
    env: { HOME: '/home/op' },
    seed: one.seed,
    faults: one.troubles.filter(({ from }) => from === 0).map(({ fault }) => fault),
    pace: null,
    disk: 'memory',
  });
  try {
    return await history(one, ground, lab);
  } finally {
    await lab.close();
  }
}

async function history(one: Case, ground: Ground, lab: OpenLab): Promise<Played> {
  const watch = new Watch(lab, ground);
  const played: Played = { broken: [], fired: {}, ends: [], recovery: null, virtual: 0 };
  const outputs: string[] = [];
  const keep = async (process: Judged): Promise<Ended> => {
    played.ends.push(said(process.ended));
    outputs.push(...process.said);
    for (const [what, times] of Object.entries(process.came)) played.fired[what] = (played.fired[what] ?? 0) + times;
    played.broken.push(...process.wrong);
    return process.ended;
  };
  let lifted = false;
  const begins = (fault: string): void => {
    const at = /^impostor@([^:]+)/.exec(fault)?.[1];
    if (at !== undefined && !watch.impostors.has(at)) watch.impostors.set(at, lab.model.clock.now);
  };
  for (const { fault, from } of one.troubles)
    if (from === 0) begins(fault);
    else
      void lab.model.clock.sleep(from).then(() => {
        if (lifted) return;
        begins(fault);
        watch.latest = lab.model.clock.now;
        lab.ask(fault);
      });

  for (const [nth, episode] of one.episodes.entries()) {
    for (const process of await episodeOf(one, episode, nth, ground, lab, watch)) await keep(process);
    if (episode.second) count(played, episode.second.clone ? 'an operator with another clone' : 'an operator beside');
    if (episode.lose) {
      count(played, `lost ${episode.lose}`);
      lose(lab, episode.lose);
    }
    await lab.process().sleep(episode.pause);
    if (played.broken.length > 0 || hasOneCluster(lab).length > 0) break;
  }

  lifted = true;
  lab.lift();
  // What another machine or a lost journal has begun is nobody's past: it is given the time to end.
  // A definition that is slow is so from its birth, and a machine that went down, was off or halted, was cut off, or was given
  // its config by somebody else is busy for minutes.
  const lasts = one.troubles.some(({ fault }) => /^(?:crd-slow|reboots|crash|taken|bond|off|other-media)/.test(fault));
  if (lasts || one.episodes.some(({ second, lose: lost }) => second?.clone || lost))
    await lab.process().sleep(20 * 60_000);
  const began = lab.elapsed();
  if (played.broken.length === 0 && hasOneCluster(lab).length === 0) {
    let last = await keep(await judged(one, ground, lab, watch, { by: chance(one.seed) }));
    const help = await helpFor(last, lab);
    if (help) {
      count(played, help.what);
      last = await keep(await judged(one, ground, lab, watch, { by: chance(one.seed), consents: help.consents }));
    }
    if (last.how !== 'exit' || last.exit !== 0)
      played.broken.push(`the faults are lifted, and the next run does not finish: ${said(last)}`);
    else {
      played.recovery = lab.elapsed() - began;
      if (one.again) await onceMore(one, ground, lab, watch, played, keep);
    }
    if (one.verify || played.broken.length > 0) played.broken.push(...(await unverified(ground, lab)));
  }
  played.broken.push(...always(lab, watch), ...leaks([...watch.lines, ...outputs, ...evidenceOf(ground, lab)], ground));
  for (const [fault, times] of Object.entries(lab.fired())) {
    const name = fault.replace(/[@:].*/, '');
    played.fired[name] = (played.fired[name] ?? 0) + times;
  }
  if (watch.locked > 0) played.fired['the lock at a remote'] = watch.locked;
  played.virtual = lab.elapsed();
  return played;
}

/** `wrong`: what its end says that is not so, at that moment: another process may still go on, and the world too. */
type Judged = Process & { wrong: string[] };

async function judged(
  one: Case,
  ground: Ground,
  lab: OpenLab,
  watch: Watch,
  trials: Parameters<typeof startProcess>[3],
): Promise<Judged> {
  const process = await startProcess(ground, lab, watch, trials);
  return { ...process, wrong: await ofEnd(process, lab, one, ground) };
}

async function episodeOf(
  one: Case,
  episode: Episode,
  nth: number,
  ground: Ground,
  lab: OpenLab,
  watch: Watch,
): Promise<Judged[]> {
  const { kill, full, interrupt, second } = episode;
  const first = judged(one, ground, lab, watch, {
    kill,
    ...(full !== undefined && { full }),
    interruptAt: interrupt,
    weather: one.weather,
    by: chance(one.seed * 31 + nth),
  });
  if (!second) return [await first];
  const beside = judged(one, ground, lab, watch, {
    weather: one.weather,
    by: chance(one.seed * 37 + nth),
    clone: second.clone,
    after: second.after,
  });
  return Promise.all([first, beside]);
}

async function onceMore(
  one: Case,
  ground: Ground,
  lab: OpenLab,
  watch: Watch,
  played: Played,
  keep: (process: Judged) => Promise<Ended>,
): Promise<void> {
  const before = watch.acted.length;
  const again = await keep(await judged(one, ground, lab, watch, { by: chance(one.seed) }));
  if (again.how !== 'exit' || again.exit !== 0)
    played.broken.push(`it was done, and the same command again does not finish: ${said(again)}`);
  for (const words of watch.acted.slice(before))
    played.broken.push(`it was done, and the world received ${words.slice(0, 120)}`);
}

function lose({ model }: OpenLab, what: NonNullable<Episode['lose']>): void {
  const state = `${model.root}/.coldstart/${CLUSTER}`;
  for (const name of model.files.list(state)) {
    if (what === 'journals' && !name.startsWith('runs/')) continue;
    model.files.remove(`${state}/${name}`);
  }
}

const evidencePaths = ({ root }: Ground, { model }: OpenLab): string[] =>
  model.files.list(`${root}/.coldstart/evidence`).map((name) => `${root}/.coldstart/evidence/${name}`);

const evidenceOf = (ground: Ground, lab: OpenLab): string[] =>
  evidencePaths(ground, lab)
    .filter((path) => !path.endsWith('.jsonl'))
    .map((path) => new TextDecoder().decode(lab.model.files.read(path)));

/** Evidence that does not hold. */
async function unverified(ground: Ground, lab: OpenLab): Promise<string[]> {
  const found: string[] = [];
  const read = async (path: string): Promise<Uint8Array | undefined> => lab.model.files.read(path);
  for (const path of evidencePaths(ground, lab).filter((one) => one.endsWith('.jsonl'))) {
    const { ok, findings } = await verifyEvidence(read, path);
    if (!ok)
      found.push(
        ...findings.filter(({ level }) => level === 'error').map(({ what }) => `evidence does not verify: ${what}`),
      );
  }
  return found;
}

const count = (played: Played, what: string): void => void (played.fired[what] = (played.fired[what] ?? 0) + 1);

function said(ended: Ended): string {
  if (ended.how === 'broke') return `broke: ${ended.error.split('\n')[0]}`;
  if (ended.how !== 'exit') return ended.how;
  return `exit ${ended.exit}${ended.failure ? ` (${ended.failure.step} ${ended.failure.item}: ${ended.failure.cause})` : ''}`;
}
