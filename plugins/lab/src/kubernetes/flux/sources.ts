import { isIP } from 'node:net';
import type { Chore, Controller } from '../controllers.ts';
import type { ControlPlane } from '../control-plane.ts';
import { draw } from '../durations.ts';
import { at, condition, textAt } from '../object.ts';
import { remoteOf } from '../remote.ts';
import { seconds, type Stored } from '../store.ts';
import { BUILT_IN, findType, type ResourceType } from '../kinds.ts';
import {
  controllerReady,
  custom,
  duration,
  isSuspended,
  type Note,
  noteKey,
  noteOf,
  setNote,
  setReady,
} from './status.ts';

const DEFINITIONS = ['gitrepositories', 'ocirepositories', 'helmrepositories', 'buckets'].map(
  (plural) => `${plural}.source.toolkit.fluxcd.io`,
);
const FETCH_FAILED = 'FetchFailed';
const SECRET = findType(BUILT_IN, 'Secret') as ResourceType;

/**
 * source-controller: fetches each source, and tries again after a failure. While it tries, a source without an artifact is
 * `Progressing`, and what failed last stands beside that (source-controller 1.9, gitrepository_controller.go).
 */
export const sources: Controller = (plane) => {
  const up = controllerReady(plane, 'source-controller');
  if (up === Infinity) return [];
  return DEFINITIONS.flatMap((definition) => custom(plane, definition)).flatMap((source): Chore[] => {
    if (
      isSuspended(source) ||
      (source.object.kind === 'HelmRepository' && textAt(source.object, 'spec', 'type') === 'oci')
    )
      return [];
    const generation = source.object.metadata.generation ?? 1;
    const note = noteOf(plane, source);
    const mine = note?.generation === generation ? note : undefined;
    if (mine && mine.next === undefined && mine.began === undefined) return [];
    const tries = mine?.tries ?? 0;
    const key = noteKey(source);
    if (mine?.began === undefined)
      return [
        {
          at: mine?.next ?? Math.max(up, source.changed),
          key,
          run: (moment) => beginFetch(plane, source, { generation, tries, began: moment }, moment),
        },
      ];
    return [
      {
        at: mine.began + draw(plane.model.random, 'source fetched by Flux', `${key}/${generation}/${tries}`),
        key,
        run: (moment) => fetchSource(plane, source, generation, tries, moment),
      },
    ];
  });
};

function beginFetch(plane: ControlPlane, source: Stored, note: Note, moment: number): void {
  setNote(plane, source, note);
  if (at(source.object, 'status', 'artifact') !== undefined) return;
  const failed = condition(source.object, FETCH_FAILED);
  const progressing = { status: 'Unknown', reason: 'Progressing', message: 'building artifact' } as const;
  setReady(plane, source, moment, progressing, {}, failed ? [failed] : []);
}

function fetchSource(plane: ControlPlane, source: Stored, generation: number, tries: number, moment: number): void {
  const problem = source.object.kind === 'GitRepository' ? gitProblem(plane, source) : undefined;
  if (problem === undefined) {
    const revision = revisionOf(plane, source);
    const named = source.object.kind === 'OCIRepository' ? 'digest' : 'revision';
    setNote(plane, source, { generation, tries: tries + 1 });
    setReady(
      plane,
      source,
      moment,
      { status: 'True', reason: 'Succeeded', message: `stored artifact for ${named} '${revision}'` },
      {
        artifact: {
          revision,
          path: `${source.object.kind.toLowerCase()}/${source.object.metadata.namespace}/${source.object.metadata.name}/latest.tar.gz`,
        },
      },
    );
    return;
  }
  const interval = duration(at(source.object, 'spec', 'interval')) ?? 60_000;
  const backoff = Math.min(1000 * 2 ** Math.min(tries, 10), interval);
  setNote(plane, source, { generation, tries: tries + 1, next: moment + backoff });
  const failed = {
    type: FETCH_FAILED,
    status: 'True',
    ...problem,
    observedGeneration: generation,
    lastTransitionTime: seconds(plane.model.clock.wall(moment)),
  };
  setReady(plane, source, moment, { status: 'False', ...problem }, {}, [failed]);
}

function gitProblem(plane: ControlPlane, source: Stored): { reason: string; message: string } | undefined {
  const { object } = source;
  const url = textAt(object, 'spec', 'url') ?? '';
  const namespace = object.metadata.namespace ?? '';
  const secret = textAt(object, 'spec', 'secretRef', 'name');
  if (secret !== undefined) {
    const stored = plane.store.get(SECRET, namespace, secret);
    const failed = `failed to get secret '${namespace}/${secret}'`;
    if (stored === undefined)
      return { reason: 'AuthenticationFailed', message: `${failed}: ${failed}: secrets "${secret}" not found` };
    const missing = url.startsWith('ssh://')
      ? ['identity', 'known_hosts'].find((key) => at(stored.object, 'data', key) === undefined)
      : undefined;
    if (missing !== undefined)
      return {
        reason: 'AuthenticationFailed',
        message: `invalid '${namespace}/${secret}' secret data: required fields 'identity' and 'known_hosts'`,
      };
  } else if (url.startsWith('ssh://')) {
    return {
      reason: 'AuthenticationFailed',
      message: `secretRef with keys 'identity' and 'known_hosts' is required for SSH authentication`,
    };
  }
  const hostname = URL.parse(url)?.hostname ?? '';
  if (hostname !== '' && isIP(hostname) === 0 && plane.model.faults.strike('dns-silent')) {
    const got = /^https?:/.test(url) ? `Get "${url}/info/refs?service=git-upload-pack": ` : '';
    return {
      reason: 'GitOperationFailed',
      message: `failed to checkout and determine revision: unable to clone '${url}': ${got}dial tcp: lookup ${hostname} on ${dnsAddress(plane)}:53: i/o timeout`,
    };
  }
  if (secret !== undefined && plane.model.faults.strike('deploy-key-refused')) {
    const refused = /^https?:/.test(url)
      ? 'authentication required: '
      : 'ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey], no supported methods remain';
    return {
      reason: 'GitOperationFailed',
      message: `failed to checkout and determine revision: unable to clone '${url}': ${refused}`,
    };
  }
  const branch = textAt(object, 'spec', 'ref', 'branch');
  const remote = remoteOf(plane.model, url);
  if (branch !== undefined && !remote.branches.includes(branch))
    return {
      reason: 'GitOperationFailed',
      message: `failed to checkout and determine revision: unable to clone '${url}': couldn't find remote ref "refs/heads/${branch}"`,
    };
  return undefined;
}

/** Where pods ask: the address of CoreDNS' Service, or the usual one where the chart leaves it to the API server. */
const dnsAddress = (plane: ControlPlane): string => {
  const service = plane.store
    .byKind('Service')
    .find(({ object }) => object.metadata.labels?.['k8s-app'] === 'kube-dns');
  return (service && textAt(service.object, 'spec', 'clusterIP')) ?? '10.96.0.10';
};

/** `main@sha1:…` for Git, `1.20.2@sha256:…` for OCI artefacts. */
export function revisionOf(plane: ControlPlane, source: Stored): string {
  const { object } = source;
  const url = textAt(object, 'spec', 'url') ?? '';
  if (object.kind === 'GitRepository') {
    const ref = textAt(object, 'spec', 'ref', 'branch') ?? textAt(object, 'spec', 'ref', 'tag') ?? 'master';
    return `${ref}@sha1:${remoteOf(plane.model, url).head(ref)}`;
  }
  const tag = textAt(object, 'spec', 'ref', 'tag') ?? 'latest';
  const digest = `sha256:${plane.model.random.hex(32, 'artifact', url, tag)}`;
  return object.kind === 'OCIRepository' ? `${tag}@${digest}` : digest;
}
