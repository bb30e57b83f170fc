import { Buffer } from 'node:buffer';
import type { Json, Ms } from '@coldstart/contract';
import type { Fields, KubeObject } from './object.ts';

export type ReleaseStatus = 'deployed' | 'failed' | 'pending-install' | 'pending-upgrade' | 'superseded';

/** One revision of a release, as Helm keeps it. */
export type HelmRelease = {
  name: string;
  namespace: string;
  revision: number;
  status: ReleaseStatus;
  /** The chart's name and version. */
  chart: string;
  version: string;
  appVersion: string;
  values: Fields;
  /** Keys (`kind/namespace/name`) of what it brought. */
  objects: { apiVersion: string; kind: string; namespace: string | null; name: string }[];
  description: string;
  first: Ms;
  updated: Ms;
};

/** Helm's release storage: every revision, oldest first. Shown in the cluster as Secrets `sh.helm.release.v1.NAME.vN`. */
export class ReleaseStorage {
  #revisions: HelmRelease[] = [];
  /** Grows with every change. */
  version = 0;

  /** The newest revision. */
  last(namespace: string, name: string): HelmRelease | undefined {
    return this.#revisions.findLast((release) => release.namespace === namespace && release.name === name);
  }

  /** The newest revision of each release, by namespace and name. */
  all(): HelmRelease[] {
    const newest = new Map(this.#revisions.map((release) => [`${release.namespace}/${release.name}`, release]));
    return [...newest].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, release]) => release);
  }

  history(namespace: string, name: string): HelmRelease[] {
    return this.#revisions.filter((release) => release.namespace === namespace && release.name === name);
  }

  add(release: HelmRelease): void {
    this.version += 1;
    this.#revisions.push(release);
  }

  /** Sets what became of a revision; a deployed one supersedes those before it. */
  settle(release: HelmRelease, status: ReleaseStatus, description: string): void {
    if (status === 'deployed')
      for (const older of this.history(release.namespace, release.name))
        if (older !== release && older.status === 'deployed') older.status = 'superseded';
    this.version += 1;
    release.status = status;
    release.description = description;
  }

  removeAll(namespace: string, name: string): void {
    this.version += 1;
    this.#revisions = this.#revisions.filter((release) => release.namespace !== namespace || release.name !== name);
  }

  save(): Json {
    return this.#revisions as unknown as Json;
  }

  load(saved: Json): void {
    this.#revisions = saved as unknown as HelmRelease[];
  }

  /** The Secrets in which Helm keeps the revisions of a namespace (all where none is given). */
  secrets(
    namespace: string | undefined,
    shape: (release: HelmRelease) => { uid: string; created: string },
  ): KubeObject[] {
    return this.#revisions
      .filter((release) => namespace === undefined || release.namespace === namespace)
      .map((release) => {
        const { uid, created } = shape(release);
        return {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: {
            name: `sh.helm.release.v1.${release.name}.v${release.revision}`,
            namespace: release.namespace,
            uid,
            creationTimestamp: created,
            labels: { name: release.name, owner: 'helm', status: release.status, version: String(release.revision) },
          },
          type: 'helm.sh/release.v1',
          data: {
            release: Buffer.from(JSON.stringify({ name: release.name, version: release.revision })).toString('base64'),
          },
        };
      });
  }
}
