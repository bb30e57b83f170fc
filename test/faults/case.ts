import { chance, type Chance } from './chance.ts';

/** How often a tool call goes wrong by itself, and in which way; probabilities add up to at most 1. */
export type Weather = {
  /** Nothing reaches the node, and the tool says so. */
  fails: number;
  /** It is carried out, and the connection is cut before the answer. */
  cut: number;
  /** It is not carried out, and nothing is heard until the deadline. */
  hangs: number;
};

/** A fault of the lab, at a node or object, from a moment of virtual time (ms) on. It ends when all faults are lifted. */
export type Trouble = { fault: string; from: number };

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
};

const MINUTE = 60_000;

/** The share of cases that go the whole way, where nothing else is said. */
export const WHOLE = 0.15;

/** Draws a case. `whole`: share of cases that go the whole way. */
export function draw(seed: number, whole: number): Case {
  const by = chance(seed);
  const scope = by.happens(whole) ? 'whole' : 'talos';
  const controlPlanes = by.weighed([
    [1, 25],
    [3, 60],
    [5, 15],
  ] as const);
  const workers = by.happens(0.05) ? by.int(4, 20) : by.int(0, 3);
  const names = nodeNames(controlPlanes, workers);
  // Most whole cases are about what comes after the machines: one fault there, and no other that ends the run before it.
  const late = scope === 'whole' && by.happens(0.85);
  const troubles = late
    ? [ofWorkload(by)]
    : Array.from(
        {
          length: by.weighed([
            [0, 3],
            [1, 4],
            [2, 3],
            [3, 2],
            [4, 1],
          ] as const),
        },
        () => trouble(by, names),
      );
  const calm: Episode[] = late && by.happens(0.7) ? [{ pause: 0 }] : [];
  const episodes = Array.from(
    {
      length: by.weighed([
        [1, 6],
        [2, 3],
        [3, 1],
      ] as const),
    },
    () => episode(by, scope),
  );
  episodes.unshift(...calm);
  return {
    seed,
    controlPlanes,
    workers,
    scope,
    parallel: by.pick([1, 1, 3]),
    weather: by.happens(late ? 0.1 : 0.4) ? weather(by) : null,
    troubles,
    episodes,
    again: by.happens(0.3),
    verify: by.happens(0.05),
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

function trouble(by: Chance, names: readonly string[]): Trouble {
  const from = by.happens(0.5) ? 0 : by.int(0, 20 * MINUTE);
  const name = by.weighed([
    ['unreachable', 6],
    ['eof-after-success', 6],
    ['back-to-maintenance', 4],
    ['disk-mismatch', 2],
    // It ends most runs at their first look, so it is rare.
    ['wrong-ca', 1],
    ['impostor', 2],
    ['killed', 4],
    ['of a node', 36],
  ] as const);
  switch (name) {
    case 'killed':
      // Counted over all changing calls of the world; there must be one of them at the beginning, so it is asked for then.
      return { fault: `killed@${by.pick(['before', 'during', 'after'])}:${by.int(1, names.length + 6)}`, from: 0 };
    case 'unreachable':
      return { fault: `unreachable@${by.pick(names)}${by.happens(0.6) ? `:${by.log(1, 60)}` : ''}`, from };
    case 'disk-mismatch':
      return { fault: `disk-mismatch@${by.pick(names)}${by.happens(0.5) ? `:${by.log(1, 10)}` : ''}`, from };
    // A machine of another cluster is one from the beginning.
    case 'wrong-ca':
      return { fault: `wrong-ca@${by.pick(names)}`, from: 0 };
    case 'impostor':
      return { fault: `impostor@${by.pick(names)}`, from };
    case 'of a node':
      return ofNode(by, names, from);
    default:
      return { fault: `${name}@${by.pick(names)}:${by.log(1, 8)}`, from };
  }
}

/** They stand for what they are until all faults are lifted, or for so many times. */
const STANDING = [
  'refused',
  'off',
  'flaps',
  'slow',
  'certificate',
  'link-down',
  'image-pull',
  'other-media',
  'bond',
  'mtu',
  'clock',
  'etcd-no-spec',
  'learner-stuck',
] as const;
const COUNTED = ['rpc-fails', 'apply-hangs', 'taken', 'reboots', 'crash', 'bootstrap-early'] as const;
/** Of a machine as it was found. */
const BORN = ['boot-image-older', 'stale-etcd'] as const;
const OF_WORKLOADS = [
  'crd-slow:1',
  'crd-slow:5',
  'flux-not-ready',
  'flux-not-ready',
  'pod-image@coredns',
  'container-creating@cert-manager',
  'container-creating@cert-manager',
  'dns',
  'api-flaps:60',
  'api-flaps:60',
  'deploy-key-refused',
] as const;

/** What strikes only where its moment comes is drawn more often. */
const RARE = [
  'learner-stuck',
  'bond',
  'taken',
  'certificate',
  'certificate',
  'mtu',
  'crash',
  'crash',
  'bootstrap-early',
  'bootstrap-early',
  'link-down',
  'image-pull',
  'rpc-fails',
  'apply-hangs',
  'reboots',
] as const;

const ofWorkload = (by: Chance): Trouble => ({ fault: by.pick(OF_WORKLOADS), from: 0 });

function ofNode(by: Chance, names: readonly string[], from: number): Trouble {
  const name = by.pick([...STANDING, ...COUNTED, ...BORN, ...RARE]);
  // Those that etcd must make or join by are control planes' own, and rarely strike elsewhere.
  const joining = names.filter((one) => one.startsWith('cp-')).slice(1);
  const at = by.pick(
    name === 'learner-stuck' && joining.length > 0
      ? joining
      : ['crash', 'bootstrap-early', 'stale-etcd', 'etcd-no-spec', 'learner-stuck', 'mtu'].includes(name)
        ? names.filter((one) => one.startsWith('cp-'))
        : names,
  );
  if ((BORN as readonly string[]).includes(name)) return { fault: `${name}@${at}`, from: 0 };
  return { fault: `${name}@${at}${(COUNTED as readonly string[]).includes(name) ? `:${by.log(1, 8)}` : ''}`, from };
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
