import type { Chance } from './chance.ts';

/** A fault of the lab, at a node or object, from a moment of virtual time (ms) on. It ends when all faults are lifted. */
export type Trouble = { fault: string; from: number };

const MINUTE = 60_000;

type Kind = {
  /** As the lab knows it. */
  name: string;
  /** How many runs of a hundred it leads, about: those that strike only where their moment comes have more. */
  share: number;
  /** Where it is; a node of any kind unless told. `joining`: a control plane that joins etcd and does not make it. */
  at?: 'control plane' | 'joining' | 'nothing' | readonly string[];
  /** It strikes so many times; `or always` in one case of three. */
  count?: readonly [number, number] | readonly [number, number, 'or always'];
  /** Of a machine as it was found, or of the world from its birth: not from a later moment on. */
  born?: true;
  /** It strikes only after the machines: the case goes the whole way. */
  late?: true;
  /** It leads no run, but comes beside others that are late, as often as this: it ends no run, so that those are reached. */
  comes?: number;
};

/** Every fault of the lab, and how it is drawn. */
export const KINDS: readonly Kind[] = [
  // The way to a node.
  { name: 'unreachable', share: 2, count: [1, 60, 'or always'] },
  { name: 'refused', share: 2 },
  { name: 'off', share: 2 },
  { name: 'flaps', share: 2 },
  { name: 'slow', share: 2 },
  { name: 'rpc-fails', share: 2, count: [1, 8] },
  { name: 'certificate', share: 2 },
  { name: 'impostor', share: 3 },
  { name: 'wrong-ca', share: 2, born: true },
  // The machine before and while it installs.
  { name: 'boot-image-older', share: 2, born: true },
  { name: 'disk-mismatch', share: 2, count: [1, 10, 'or always'] },
  { name: 'link-down', share: 2 },
  { name: 'apply-hangs', share: 2, count: [1, 8] },
  { name: 'eof-after-success', share: 3, count: [1, 8] },
  { name: 'taken', share: 2.5, count: [1, 8] },
  { name: 'image-pull', share: 2 },
  { name: 'back-to-maintenance', share: 3, count: [1, 8] },
  { name: 'other-media', share: 2 },
  { name: 'bond', share: 2 },
  { name: 'mtu', share: 3, at: 'control plane' },
  { name: 'reboots', share: 2, count: [1, 8] },
  { name: 'disk-errors', share: 2 },
  // etcd.
  { name: 'clock', share: 2 },
  { name: 'bootstrap-early', share: 5, at: 'control plane', count: [1, 8] },
  { name: 'stale-etcd', share: 2.5, at: 'control plane', born: true },
  { name: 'etcd-no-spec', share: 3, at: 'control plane' },
  { name: 'crash', share: 3, at: 'control plane', count: [1, 8] },
  { name: 'learner-stuck', share: 3, at: 'joining' },
  // coldstart itself, counted over all changing calls of the world from its birth.
  { name: 'killed', share: 3, at: ['before', 'during', 'after'], count: [1, 12], born: true },
  // Kubernetes and what runs on it.
  { name: 'api-flaps', share: 0, comes: 0.2, at: 'nothing', count: [10, 60], late: true, born: true },
  { name: 'crd-slow', share: 1.7, at: 'nothing', count: [1, 5], late: true, born: true },
  { name: 'chart-missing', share: 2.5, at: ['coredns', 'cert-manager'], late: true },
  { name: 'release-pending', share: 1.7, at: ['cilium', 'cert-manager'], late: true, born: true },
  { name: 'pod-image', share: 1.7, at: ['coredns'], late: true, born: true },
  { name: 'container-creating', share: 1.7, at: ['cert-manager'], late: true, born: true },
  { name: 'dns', share: 1.6, at: 'nothing', late: true, born: true },
  { name: 'dns-silent', share: 1.5, at: 'nothing', late: true, born: true },
  { name: 'deploy-key-refused', share: 1.7, at: 'nothing', late: true, born: true },
  { name: 'flux-not-ready', share: 1.7, at: 'nothing', late: true, born: true },
  { name: 'remote-behind', share: 1.5, at: 'nothing', late: true, born: true },
];

/** Of all shares together. */
const SHARES = KINDS.reduce((sum, { share }) => sum + share, 0);
/** One case in twelve has no fault but those of its weather and of its processes. */
const NONE = SHARES / 11;

/** The part of the golden ratio after its point: its multiples fill the circle evenly however many are taken. */
const GOLDEN = 0.618_033_988_749_895;

/**
 * The fault that a case is about; undefined for none. By the seed alone and in even turn, so that any some hundred seeds in
 * a row hold every kind about as often as its share says.
 */
export function leadOf(seed: number): Kind | undefined {
  let left = ((seed * GOLDEN) % 1) * (SHARES + NONE);
  for (const kind of KINDS) if ((left -= kind.share) < 0) return kind;
  return undefined;
}

export const isLate = (fault: string): boolean =>
  KINDS.some(({ name, late }) => late && name === fault.replace(/[@:].*/, ''));

/** One that is not late, to come beside. */
export const beside = (by: Chance): Kind => by.pick(KINDS.filter(({ late }) => !late));

/** Those that come beside a late one. */
export const companions = (by: Chance): Kind[] => KINDS.filter(({ comes }) => comes !== undefined && by.happens(comes));

/** `moment`: whether it may begin in the middle. */
export function trouble(kind: Kind, by: Chance, names: readonly string[], moment: boolean): Trouble {
  const at = by.pick(places(kind, names));
  const [min, max, always] = kind.count ?? [];
  const count = min === undefined || max === undefined || (always && by.happens(1 / 3)) ? '' : `:${by.log(min, max)}`;
  const from = kind.born || !moment ? 0 : by.int(0, 20 * MINUTE);
  return { fault: `${kind.name}${at && `@${at}`}${count}`, from };
}

function places({ at }: Kind, names: readonly string[]): readonly string[] {
  if (at === 'nothing') return [''];
  if (typeof at === 'object') return at;
  if (at === undefined) return names;
  const members = names.filter((name) => name.startsWith('cp-'));
  return at === 'joining' && members.length > 1 ? members.slice(1) : members;
}
