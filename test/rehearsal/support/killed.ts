import { createHash } from 'node:crypto';
import type { World } from '@coldstart/contract';
import { verifyEvidence, type EvidenceVerdict } from '@coldstart/engine';
import type { OpenLab } from '@coldstart/plugin-lab';
import { bareWorld, carryOut, type BroughtUp, type Ground } from './bring-up.ts';

const TALOS = { phases: ['talos'] };
export const SEED = 3;

/** A bring-up of phase talos that is killed at its n-th changing call; the world as it is then, as bytes. */
export async function killedAt(ground: Ground, fault: string): Promise<Uint8Array> {
  const lab = await bareWorld(ground, { seed: SEED, faults: [fault] });
  const ended = await Promise.race([carryOut(ground, lab, { selection: TALOS }), lab.died]);
  if (ended) throw new Error(`${fault} did not strike: ${JSON.stringify(ended.failure)}`);
  const saved = lab.save();
  await lab.close();
  return saved;
}

export const reopened = (ground: Ground, saved: Uint8Array): Promise<OpenLab> =>
  bareWorld(ground, { seed: SEED, saved });

/** The same command again. */
export const goOn = (ground: Ground, lab: OpenLab, door?: World): Promise<BroughtUp> =>
  carryOut(ground, lab, { selection: TALOS, ...(door && { world: door }) });

/** Paths below `.coldstart`, relative to the root. */
export const stateOf = ({ model }: OpenLab): string[] =>
  model.files.list(`${model.root}/.coldstart`).map((name) => `.coldstart/${name}`);
export const journalsOf = (lab: OpenLab): string[] => stateOf(lab).filter((path) => path.endsWith('/journal.jsonl'));
export const bytesOf = ({ model }: OpenLab, path: string): Uint8Array =>
  model.files.read(`${model.root}/${path}`) ?? new Uint8Array();
export const put = ({ model }: OpenLab, path: string, bytes: Uint8Array): void =>
  void model.files.write(`${model.root}/${path}`, bytes, 0o600);

/** Each run's evidence below `.coldstart/evidence`, as the verifier sees it, by the run's id. */
export async function evidencesOf(lab: OpenLab): Promise<Map<string, EvidenceVerdict>> {
  const found = new Map<string, EvidenceVerdict>();
  for (const path of stateOf(lab).filter((one) => /^\.coldstart\/evidence\/.*\.jsonl$/.test(one))) {
    const verdict = await verifyEvidence(async (file) => lab.model.files.read(`${lab.model.root}/${file}`), path);
    found.set(verdict.evidence?.run ?? path, verdict);
  }
  return found;
}

/** What of the world has been done: whoever is given it again was changed twice. */
export type Standing = { configured: string[]; bootstrapped: boolean; received: number };
export const standingOf = ({ model }: OpenLab): Standing => ({
  received: model.received.length,
  configured: [...model.nodes.values()].filter(({ config }) => config !== null).map(({ address }) => address),
  bootstrapped: model.etcd.size > 0,
});

/** Changes that the world received for what stood already. */
export const secondChanges = (lab: OpenLab, before: Standing): string[] =>
  lab
    .received()
    .slice(before.received)
    .filter(({ changes, argv }) => {
      if (changes === 0) return false;
      if (argv[0] === 'bootstrap') return before.bootstrapped;
      return argv[0] === 'apply-config' && before.configured.some((address) => argv.includes(address));
    })
    .map(({ argv }) => argv.slice(0, 2).join(' '));

/** `world` with some of its doors replaced. */
export const through = (world: World, own: Partial<World>): World =>
  new Proxy(world, {
    get(target, name) {
      if (name in own) return own[name as keyof World];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

/** Numbers in [0, bound) that are the same each time. */
export const sample = (name: string, count: number, bound: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    const digest = createHash('sha256').update(`${name} ${i}`).digest();
    return Math.floor((digest.readUInt32BE() / 2 ** 32) * bound);
  });
