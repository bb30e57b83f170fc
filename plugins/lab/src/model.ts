import type { Json, Ms, Received } from '@coldstart/contract';
import type { EtcdCluster } from './etcd/cluster.ts';
import type { NodeModel } from './nodes/node.ts';

/**
 * The whole simulated world. Everything in it changes in one of two ways only: an event of the queue (its own doing),
 * or a call of a tool, which hands over its `Change`. All of it can be saved as JSON; nothing in it reads a real clock.
 */
export type Model = {
  readonly clock: Clock;
  readonly events: Events;
  readonly random: Random;
  readonly durations: Durations;
  readonly expected: Expected;
  /** By name, in the repository's order. */
  readonly nodes: ReadonlyMap<string, NodeModel>;
  /** Every etcd cluster that was ever made here, by id. More than one is the disaster that the verdict names. */
  readonly etcd: Map<string, EtcdCluster>;
  /** The Kubernetes API over each etcd cluster, by the etcd cluster's id. Made when its first apiserver comes up. */
  readonly apis: Map<string, KubernetesModel>;
  /** The Kubernetes API over an etcd cluster, made at the first call. */
  apiOf(etcdCluster: string): KubernetesModel;
  /** By remote (`canonical`). */
  readonly remotes: Map<string, RemoteRefs>;
  /** Folders of helmfile's cache in which a chart lies. The operator's own cache is none of the world's. */
  readonly pulled: Set<string>;
  /** The operator's files as the world has them: what was written over what stands on the disk. */
  readonly files: WorldFiles;
  readonly faults: Faults;
  /** What changing calls were received, in the order they began. */
  readonly received: Received[];
  /** What this world was made of without a source for it; shown to the operator. */
  readonly assumed: Set<string>;
  /** What a tool was caught at that no bring-up may do (e.g. the use of a current-context); a world with one is not whole. */
  readonly findings: Set<string>;
  /** Absolute path of the operator's repository. */
  readonly root: string;
  /** What answers at an address, as seen from the operator's machine. */
  dial(host: string, port: number): Answering;
  /** The Kubernetes API that answers at an address (a control plane's own or the VIP), port 6443. */
  apiAt(host: string, port: number): ApiAnswering;
};

/** Refs that were pushed to a Git remote beside branches and tags: each stands at a blob with this text. */
export type RemoteRefs = Map<string, { id: string; text: string }>;

/** Virtual time. It advances only when nobody can go on without it. */
export interface Clock {
  /** Virtual milliseconds since the world began. */
  readonly now: Ms;
  /** The wall clock, RFC 3339 in UTC with milliseconds, now or at another moment of the world. */
  wall(at?: Ms): string;
  /** Waits in virtual time; ends early, without an error, when `stop` fires. */
  sleep(ms: Ms, stop?: AbortSignal): Promise<void>;
}

/**
 * What will happen by itself. Events are data, so that a saved world goes on where it stood:
 * a handler is registered per kind when the world is opened, before any event of that kind is due.
 */
export interface Events {
  on(kind: string, handler: (data: never) => void): void;
  in(ms: Ms, kind: string, data: Json): void;
  /** Takes back those that are due and that `of` names. */
  drop(of: (kind: string, data: Json) => boolean): void;
}

/** The seeded source of chance. Streams of different names do not disturb each other. */
export interface Random {
  readonly seed: number;
  /** Uniform in [0, 1), from the world's main stream. */
  next(): number;
  /** Uniform in [0, 1), a pure function of the seed and the parts. */
  of(...parts: (string | number)[]): number;
  /** `bytes` bytes as hex, a pure function of the seed and the parts: ids, UIDs, tokens. */
  hex(bytes: number, ...parts: (string | number)[]): string;
}

/** How long something takes: drawn evenly between `min` and `max`. `source` names the fact, or is null for an assumption. */
export type Range = { min: Ms; max: Ms; what: string; source: string | null };

export interface Durations {
  /** Draws the next duration of this name for this subject: a node, a release … */
  draw(name: string, subject: string): Ms;
  /** What the n-th draw (from 0) gave or will give, without drawing. */
  peek(name: string, subject: string, n?: number): Ms;
}

/** The machines and the cluster as the surveys describe them. What a node becomes, it learns from the config it receives. */
export type Expected = {
  cluster: string;
  endpoint: string | null;
  vip: string | null;
  caFingerprint: string | null;
  talosVersion: string | null;
  kubernetesVersion: string | null;
  nodes: ExpectedNode[];
  /** All survey facts, for parts that know more names. */
  facts: Readonly<Record<string, Json>>;
};
export type ExpectedNode = {
  name: string;
  address: string;
  role: 'controlplane' | 'worker';
  diskSelector: { [key: string]: Json } | null;
  disk: string | null;
  mtu: number | null;
  links: string[];
  talosVersion: string | null;
  /** Hardware addresses by which its config selects links. */
  macs: string[];
  /** What the operator's configuration records of the machine. */
  known: { serial: string | null; uuid: string | null; macs: string[] };
};

export type Unanswered = 'refused' | 'timeout' | 'unreachable';
export type Answering = 'open' | Unanswered;
export type ApiAnswering =
  | {
      how: 'open';
      api: KubernetesModel;
      node: string;
      /** PEM of the Kubernetes CA that signs the server's certificate; null where the config told none. */
      ca: string | null;
    }
  | { how: Unanswered };

/** The Kubernetes side of the world over one etcd cluster. Nodes and etcd call it; tools and the verdict read it. */
export interface KubernetesModel {
  /** The UID of namespace kube-system: the cluster's identity. */
  readonly uid: string;
  /** A control plane's apiserver, controller-manager and scheduler came up. */
  controlPlaneUp(node: string): void;
  /** A kubelet registered its node (again). It is NotReady until a CNI runs there. */
  register(node: KubeletNode): void;
  /** What a verdict asks; looks at the objects themselves. */
  state(): KubernetesState;
  /** Says that something outside has changed what controllers make of the objects: a fault came or went. */
  touch(): void;
  save(): Json;
}
export type KubeletNode = {
  /** The node's name in Kubernetes: the hostname of its config. */
  name: string;
  address: string;
  role: 'controlplane' | 'worker';
  kubeletVersion: string;
  talosVersion: string;
  /** The config's CNI: with `none` the node stays NotReady until Cilium brings one. */
  cni: string;
};
export type KubernetesState = {
  nodes: { name: string; ready: boolean }[];
  crds: { name: string; established: boolean }[];
  releases: { namespace: string; name: string; status: string; ready: boolean }[];
  flux: { kind: string; namespace: string; name: string; ready: boolean; reason: string }[];
};
/** Makes the Kubernetes side over a new etcd cluster, or restores a saved one. */
export type KubernetesFactory = (model: Model, etcdCluster: string, saved: Json | null) => KubernetesModel;

/** Files as the simulated tools see them: absolute paths; the operator's disk underneath, read only. All synchronous. */
export interface WorldFiles {
  read(path: string): Uint8Array | undefined;
  /** Names below a folder, relative to it, sorted. */
  list(folder: string): string[];
  /** Writes into the world, never onto the operator's files. False where the very bytes stood there already. */
  write(path: string, bytes: Uint8Array, mode: number): boolean;
  /** Takes a file out of the world; the operator's own stays on their disk. */
  remove(path: string): void;
}

/** The faults that were asked for. */
export interface Faults {
  /** Whether the fault strikes here and now; counts it, and uses up one of its count. */
  strike(name: string, node?: string): boolean;
  /** Whether it is asked for at all, however often it struck: what it broke stays broken so long. */
  asked(name: string): boolean;
  /** Whether it would strike, without counting. */
  pending(name: string, node?: string): boolean;
}

/**
 * A call's right to change the world. Everything in the world that a tool can change asks for it, so that a probe
 * which changes something is a bug that shows itself.
 */
export interface Change {
  /** Says that one persisted thing has changed. Throws a bug in a probe. */
  made(what: string): void;
}
