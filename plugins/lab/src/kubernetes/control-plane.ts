import type { Json, Ms } from '@coldstart/contract';
import { parse } from 'yaml';
import type { KubeletNode, KubernetesModel, KubernetesState, Model } from '../model.ts';
import { clusterObjects } from './cluster-objects.ts';
import { establishedAt, SLOW, withConditions } from './crds.ts';
import { CONTROLLERS } from './controllers.ts';
import { assumedRanges } from './durations.ts';
import { findType, BUILT_IN, type ResourceType, typeOf } from './kinds.ts';
import { nodeObject, nodeReady, type Registered } from './nodes.ts';
import { at, condition, isTrue, type KubeObject, textAt } from './object.ts';
import { managedFields } from './apply.ts';
import { memo } from '../memo.ts';
import { ReleaseStorage } from './releases.ts';
import { type ApplyResult, ObjectStore, seconds, served, type Stored } from './store.ts';
import { stuck } from './stuck.ts';
import { type Ground, podEvents, podObjects, WORKLOADS, withStatus, workloadReady } from './workloads.ts';

type Saved = {
  up: string[];
  nodes: Registered[];
  slow: Record<string, Ms>;
  notes: Record<string, Json>;
  store: Json;
  releases: Json;
};

const type = (kind: string): ResourceType => findType(BUILT_IN, kind) as ResourceType;
const CRD = type('CustomResourceDefinition');

/** The machine config in the bytes (base64) that a node was given; undefined where it is no YAML. Only ever read. */
const configIn = memo((base64: string): unknown => {
  try {
    return parse(
      Buffer.from(base64, 'base64')
        .toString('utf8')
        .split(/^---$/m)
        .find((part) => part.includes('machine:')) ?? '',
    );
  } catch {
    return undefined;
  }
});

/**
 * A Kubernetes control plane over one etcd cluster. What is persisted stands in the store; what controllers, scheduler and
 * kubelets make of it is worked out at each look, from the seed and the moments at which things were made.
 */
export class ControlPlane implements KubernetesModel {
  readonly model: Model;
  readonly uid: string;
  readonly store: ObjectStore;
  readonly releases = new ReleaseStorage();
  /** What controllers remember between two looks, by controller and object. Plain data. */
  readonly notes: Record<string, Json> = {};
  readonly #up = new Set<string>();
  #nodes: Registered[] = [];
  #slow: Record<string, Ms> = {};
  /** Flux objects that the fault flux-not-ready struck in this rehearsal; not saved, so that the next one finds it lifted. */
  readonly faulty = new Set<string>();
  #busy = false;
  #touched = 0;
  /** Nothing is due before `until`, as long as `state` stands. */
  #rest: { state: string; until: Ms } = { state: '', until: 0 };

  constructor(model: Model, etcdCluster: string, saved: Json | null) {
    this.model = model;
    this.store = new ObjectStore(model.clock, model.random, etcdCluster);
    this.uid = this.store.uid('', 'namespaces', '', 'kube-system');
    for (const line of assumedRanges()) model.assumed.add(line);
    if (saved === null)
      for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) this.#system(name);
    else this.#load(saved as unknown as Saved);
  }

  controlPlaneUp(node: string): void {
    this.catchUp();
    this.#up.add(node);
    this.#talosManifests(node);
  }

  register(node: KubeletNode): void {
    this.catchUp();
    const known = this.#nodes.find((other) => other.name === node.name);
    const schedulable =
      node.role === 'worker' || at(this.#config(node.name), 'cluster', 'allowSchedulingOnControlPlanes') === true;
    const registered = { ...node, at: known?.at ?? this.model.clock.now, schedulable };
    this.touch();
    this.#nodes = [...this.#nodes.filter((other) => other.name !== node.name), registered].toSorted((one, other) =>
      one.name < other.name ? -1 : 1,
    );
  }

  get nodes(): readonly Registered[] {
    return this.#nodes;
  }

  get now(): Ms {
    return this.model.clock.now;
  }

  /** Lets controllers do what was due by now, each at its own time. Called before every look and every change. */
  catchUp(): void {
    if (this.#busy || (this.#rest.state === this.#state() && this.now < this.#rest.until)) return;
    this.#busy = true;
    try {
      for (let done = 0; ; done += 1) {
        const [next] = CONTROLLERS.flatMap((controller) => controller(this)).toSorted(
          (one, other) => one.at - other.at || (one.key < other.key ? -1 : 1),
        );
        if (next === undefined || next.at > this.now) {
          this.#rest = { state: this.#state(), until: next?.at ?? Infinity };
          return;
        }
        if (done > 20_000) throw new Error(`lab: a controller never comes to rest: ${next.key}`);
        next.run(next.at);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Says that a tool changed what a controller remembers. */
  touch(): void {
    this.#touched += 1;
  }

  /** What chores are worked out from: they stay the same as long as this does. */
  #state(): string {
    return `${this.store.version}/${this.releases.version}/${this.#touched}`;
  }

  /** The types that are served now: built in, and those of established definitions. */
  types(): ResourceType[] {
    return [
      ...BUILT_IN,
      ...this.store
        .list(CRD)
        .filter((stored) => this.established(stored) <= this.now)
        .map((stored) => typeOf(stored.object)),
    ];
  }

  /** The type of an object's apiVersion and kind; undefined while nothing serves it. */
  served(apiVersion: string, kind: string): ResourceType | undefined {
    return served(this.types(), apiVersion, kind);
  }

  established(definition: Stored): Ms {
    return establishedAt(definition, this.model.random, this.#slow);
  }

  /** When a definition is established; Infinity where there is none. */
  establishedName(name: string): Ms {
    const stored = this.store.get(CRD, undefined, name);
    return stored === undefined ? Infinity : this.established(stored);
  }

  get ground(): Ground {
    const { faults } = this.model;
    const cni = this.store
      .byKind('DaemonSet')
      .find((stored) => stored.object.metadata.labels?.['k8s-app'] === 'cilium');
    // An agent that never runs brings no network: its nodes stay NotReady.
    const agent = cni && stuck(faults, cni.object.metadata.name) ? undefined : cni;
    return {
      random: this.model.random,
      clock: this.model.clock,
      nodes: this.#nodes,
      agent,
      uid: (...parts) => this.store.uid(...parts),
      stuck: (workload) => stuck(faults, workload),
    };
  }

  /** Applies as a client or a controller does. The caller has seen that the kind is served. */
  apply(
    resource: ResourceType,
    object: KubeObject,
    by: { manager: string; force: boolean; dry?: boolean; at?: Ms },
  ): ApplyResult {
    const result = this.store.apply(resource, object, by);
    const fresh = result.how === 'created' && by.dry !== true && resource.kind === 'CustomResourceDefinition';
    if (fresh && this.model.faults.strike('crd-slow')) this.#slow[object.metadata.name] = (by.at ?? this.now) + SLOW;
    return result;
  }

  /** One object as the API shows it now; `managers` adds metadata.managedFields. */
  get(resource: ResourceType, namespace: string | undefined, name: string, managers = false): KubeObject | undefined {
    this.catchUp();
    const stored = this.store.get(resource, namespace, name);
    if (stored) return this.shown(stored, managers);
    return this.#derived(resource.kind).find(
      (object) =>
        object.metadata.name === name &&
        (!resource.namespaced || object.metadata.namespace === (namespace ?? 'default')),
    );
  }

  /** Objects as the API shows them now, by namespace and name. */
  list(resource: ResourceType, namespace?: string, managers = false): KubeObject[] {
    this.catchUp();
    const stored = this.store.list(resource, namespace).map((one) => this.shown(one, managers));
    const derived = this.#derived(resource.kind).filter(
      (object) => namespace === undefined || !resource.namespaced || object.metadata.namespace === namespace,
    );
    const key = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    return derived.length === 0
      ? stored
      : [...stored, ...derived].toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
  }

  /** A stored object with the status that it has by now. */
  shown(stored: Stored, managers = false): KubeObject {
    const { object } = stored;
    const whole = managers
      ? {
          ...object,
          metadata: { ...object.metadata, managedFields: managedFields(object.apiVersion, stored.managers) },
        }
      : object;
    const now = { ...stored, object: whole };
    if ((WORKLOADS as readonly string[]).includes(object.kind)) return withStatus(now, this.ground);
    if (object.kind === 'CustomResourceDefinition')
      return withConditions(now, this.established(stored), this.model.clock);
    if (object.kind === 'Namespace') return { ...whole, status: { phase: 'Active' } };
    return whole;
  }

  /** When an object counts as Ready (kstatus); Infinity where it does not as things stand. */
  readyAt(stored: Stored): Ms {
    const { object } = stored;
    if ((WORKLOADS as readonly string[]).includes(object.kind)) return workloadReady(stored, this.ground);
    if (object.kind === 'CustomResourceDefinition') return this.established(stored);
    if (object.apiVersion.includes('.toolkit.fluxcd.io/') || object.kind === 'FluxInstance') {
      const since = this.notes[`ready/${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`];
      const oci = object.kind === 'HelmRepository' && textAt(object, 'spec', 'type') === 'oci';
      return oci ? stored.at : isTrue(object, 'Ready') && typeof since === 'number' ? since : Infinity;
    }
    return stored.at;
  }

  state(): KubernetesState {
    this.catchUp();
    const flux = this.store
      .list(CRD)
      .filter(
        (stored) =>
          stored.object.metadata.name.endsWith('.toolkit.fluxcd.io') ||
          stored.object.metadata.name === 'fluxinstances.fluxcd.controlplane.io',
      )
      .flatMap((stored) => this.store.list(typeOf(stored.object)))
      .filter((stored) => this.#reconciled(stored));
    return {
      nodes: this.#nodes.map((node) => ({ name: node.name, ready: this.nodeReadyAt(node) <= this.now })),
      crds: this.store
        .list(CRD)
        .map((stored) => ({ name: stored.object.metadata.name, established: this.established(stored) <= this.now })),
      releases: this.releases.all().map((release) => ({
        namespace: release.namespace,
        name: release.name,
        status: release.status,
        ready: this.objectsOf(release).every((stored) => this.readyAt(stored) <= this.now),
      })),
      flux: flux.map(({ object }) => ({
        kind: object.kind,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name,
        ready: isTrue(object, 'Ready'),
        reason: reasonOf(object),
      })),
    };
  }

  /** The objects that a release brought and that are still there. */
  objectsOf(release: {
    objects: { apiVersion: string; kind: string; namespace: string | null; name: string }[];
  }): Stored[] {
    const known = [...BUILT_IN, ...this.store.list(CRD).map((stored) => typeOf(stored.object))];
    return release.objects.flatMap((ref) => {
      const resource = served(known, ref.apiVersion, ref.kind);
      const stored = resource && this.store.get(resource, ref.namespace ?? undefined, ref.name);
      return stored === undefined ? [] : [stored];
    });
  }

  nodeReadyAt(node: Registered): Ms {
    return nodeReady(this.model.random, node, this.ground.agent);
  }

  /** The parsed machine config that a node was given, by its name in Kubernetes. */
  #config(hostname: string): unknown {
    for (const node of this.model.nodes.values())
      if (node.config && (node.config.hostname === hostname || node.name === hostname))
        return configIn(node.config.bytes);
    return undefined;
  }

  /** What Talos itself applies when the first control plane comes up, unless the config turns it off. */
  #talosManifests(node: string): void {
    for (const object of clusterObjects(this.#config(node), this.model.expected)) {
      const resource = this.served(object.apiVersion, object.kind);
      if (resource) this.store.apply(resource, object, { manager: 'talos', force: true });
    }
  }

  #system(name: string): void {
    this.store.apply(
      type('Namespace'),
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
      { manager: 'kube-apiserver', force: true },
    );
  }

  /** Whether a controller is meant to report on it: an OCI HelmRepository has no status, a suspended object keeps its last. */
  #reconciled({ object }: Stored): boolean {
    if (['Alert', 'Provider', 'HelmChart', 'ExternalArtifact'].includes(object.kind)) return false;
    return !(object.kind === 'HelmRepository' && textAt(object, 'spec', 'type') === 'oci');
  }

  #derived(kind: string): KubeObject[] {
    const { clock } = this.model;
    if (kind === 'Node')
      return this.#nodes.map((node) =>
        nodeObject(node, this.nodeReadyAt(node), clock.now, clock, this.store.uid('nodes', node.name)),
      );
    if (kind === 'Pod')
      return [
        ...this.#staticPods(),
        ...WORKLOADS.flatMap((each) => this.store.byKind(each)).flatMap((stored) => podObjects(stored, this.ground)),
      ];
    if (kind === 'Event')
      return WORKLOADS.flatMap((each) => this.store.byKind(each)).flatMap((stored) => podEvents(stored, this.ground));
    if (kind === 'Secret')
      return this.releases.secrets(undefined, (release) => ({
        uid: this.store.uid('helm', release.namespace, release.name, String(release.revision)),
        created: seconds(clock.wall(release.first)),
      }));
    return [];
  }

  /** The control plane's own pods, which kubelets run from Talos' static manifests: there as soon as node and process are. */
  #staticPods(): KubeObject[] {
    const clock = this.model.clock;
    return this.#nodes
      .filter((node) => node.role === 'controlplane')
      .flatMap((node) =>
        ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name): KubeObject => {
          const since = seconds(clock.wall(node.at));
          const image = `registry.k8s.io/${name}:${node.kubeletVersion}`;
          return {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: {
              name: `${name}-${node.name}`,
              namespace: 'kube-system',
              uid: this.store.uid('pods', name, node.name),
              creationTimestamp: since,
              labels: { 'k8s-app': name, tier: 'control-plane' },
            },
            spec: { hostNetwork: true, nodeName: node.name, containers: [{ name, image }] },
            status: {
              phase: 'Running',
              hostIP: node.address,
              conditions: [
                { type: 'Ready', status: 'True', lastTransitionTime: since },
                { type: 'ContainersReady', status: 'True', lastTransitionTime: since },
              ],
              containerStatuses: [
                { name, image, ready: true, restartCount: 0, state: { running: { startedAt: since } } },
              ],
            },
          };
        }),
      );
  }

  save(): Json {
    this.catchUp();
    const saved: Saved = {
      up: [...this.#up],
      nodes: this.#nodes,
      slow: this.#slow,
      notes: this.notes,
      store: this.store.save(),
      releases: this.releases.save(),
    };
    return structuredClone(saved) as unknown as Json;
  }

  #load(saved: Saved): void {
    for (const node of saved.up) this.#up.add(node);
    this.#nodes = saved.nodes;
    this.store.load(saved.store);
    this.releases.load(saved.releases);
    Object.assign(this.notes, saved.notes);
    // A fault that is no longer asked for is lifted: what it held back comes about now.
    for (const [name, until] of Object.entries(saved.slow))
      this.#slow[name] = this.model.faults.strike('crd-slow') ? until : Math.min(until, this.now);
  }
}

/** Why it is not ready; while it is tried again, why the last try failed. */
function reasonOf(object: KubeObject): string {
  return textAt(condition(object, 'FetchFailed') ?? condition(object, 'Ready'), 'message') ?? 'no status yet';
}
