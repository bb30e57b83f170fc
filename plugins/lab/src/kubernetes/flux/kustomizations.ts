import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import type { Ms } from '@coldstart/contract';
import type { Chore, Controller } from '../controllers.ts';
import type { ControlPlane } from '../control-plane.ts';
import { draw } from '../durations.ts';
import { BuildError, buildOrAll } from '../manifests/kustomize.ts';
import { documents, toYaml } from '../manifests/yaml.ts';
import { at, type Fields, isFields, type KubeObject, textAt } from '../object.ts';
import { remoteOf } from '../remote.ts';
import type { Stored } from '../store.ts';
import { BUILT_IN, findType, qualified, type ResourceType } from '../kinds.ts';
import { revisionOf } from './sources.ts';
import { controllerReady, custom, duration, isSuspended, noteKey, noteOf, setNote, setReady } from './status.ts';

const DEFINITION = 'kustomizations.kustomize.toolkit.fluxcd.io';
const named = (kind: string): ResourceType => findType(BUILT_IN, kind) as ResourceType;

/** kustomize-controller: applies each Kustomization once its source and its dependencies are Ready, and waits where told to. */
export const kustomizations: Controller = (plane) => {
  const up = controllerReady(plane, 'kustomize-controller');
  if (up === Infinity) return [];
  const all = custom(plane, DEFINITION);
  return all.flatMap((own): Chore[] => {
    if (isSuspended(own)) return [];
    const key = noteKey(own);
    const generation = own.object.metadata.generation ?? 1;
    const note = noteOf(plane, own);
    const fresh = note?.generation !== generation;
    if (!fresh && note.waiting) return settle(plane, own, note.waiting, key);
    if (!fresh && note.next === undefined && note.tries > 0) return [];

    const from = fresh ? Math.max(up, own.changed) : (note.next ?? up);
    const blockers = [...sourceOf(plane, own), ...dependencies(own, all)];
    const open = blockers.find(({ stored }) => stored === undefined || plane.readyAt(stored) === Infinity);
    const seen = Math.max(up, own.changed) + 500;
    if (open) {
      const message = open.message(open.stored);
      const told = textAt(readyOf(own.object), 'message');
      return told === message
        ? []
        : [
            {
              at: Math.max(seen, from),
              key,
              run: (moment) => setReady(plane, own, moment, { status: 'False', reason: open.reason, message }),
            },
          ];
    }
    const since = Math.max(from, ...blockers.map(({ stored }) => plane.readyAt(stored as Stored)));
    const tries = fresh ? 0 : note.tries;
    return [
      {
        at: since + draw(plane.model.random, 'Kustomization applied by Flux', `${key}/${generation}/${tries}`),
        key,
        run: (moment) => reconcile(plane, own, { generation, tries }, moment),
      },
    ];
  });
};

const readyOf = (object: KubeObject): Fields | undefined => {
  const list = at(object, 'status', 'conditions');
  return Array.isArray(list) ? list.filter(isFields).find((entry) => entry['type'] === 'Ready') : undefined;
};

type Blocker = { stored: Stored | undefined; reason: string; message: (stored: Stored | undefined) => string };

function sourceOf(plane: ControlPlane, own: Stored): Blocker[] {
  const { namespace } = own.object.metadata;
  const kind = textAt(own.object, 'spec', 'sourceRef', 'kind') ?? 'GitRepository';
  const name = textAt(own.object, 'spec', 'sourceRef', 'name') ?? '';
  const where = textAt(own.object, 'spec', 'sourceRef', 'namespace') ?? namespace ?? '';
  const plural =
    kind === 'GitRepository' ? 'gitrepositories' : kind === 'OCIRepository' ? 'ocirepositories' : 'buckets';
  const stored = custom(plane, `${plural}.source.toolkit.fluxcd.io`).find(
    ({ object }) => object.metadata.name === name && object.metadata.namespace === where,
  );
  const message = (found: Stored | undefined): string =>
    found === undefined
      ? `${kind}.source.toolkit.fluxcd.io "${name}" not found`
      : `Source artifact not found, retrying in 30s`;
  return [{ stored, reason: 'ArtifactFailed', message }];
}

function dependencies(own: Stored, all: readonly Stored[]): Blocker[] {
  const list = at(own.object, 'spec', 'dependsOn');
  return (Array.isArray(list) ? list : []).map((entry) => {
    const where = textAt(entry, 'namespace') ?? own.object.metadata.namespace ?? '';
    const name = textAt(entry, 'name') ?? '';
    const stored = all.find(({ object }) => object.metadata.name === name && object.metadata.namespace === where);
    const message = (found: Stored | undefined): string =>
      found === undefined
        ? `dependency '${where}/${name}' not found: kustomizations.kustomize.toolkit.fluxcd.io "${name}" not found`
        : `dependency '${where}/${name}' is not ready`;
    return { stored, reason: 'DependencyNotReady', message };
  });
}

/** Whether the fault struck this object, now or in an earlier look; it holds as long as the fault is asked for. */
function struck(plane: ControlPlane, key: string): boolean {
  const note = `fault/flux-not-ready/${plane.model.random.seed}/${key}`;
  if (plane.faulty.has(note)) return plane.model.faults.asked('flux-not-ready');
  if (plane.faulty.size > 0 || !plane.model.faults.strike('flux-not-ready')) return false;
  plane.faulty.add(note);
  return true;
}

function reconcile(plane: ControlPlane, own: Stored, note: { generation: number; tries: number }, moment: Ms): void {
  const { object } = own;
  const retry = duration(at(object, 'spec', 'retryInterval')) ?? duration(at(object, 'spec', 'interval')) ?? 60_000;
  const fail = (reason: string, message: string): void => {
    setNote(plane, own, { generation: note.generation, tries: note.tries + 1, next: moment + retry });
    setReady(plane, own, moment, { status: 'False', reason, message });
  };
  const source = sourceOf(plane, own)[0]?.stored as Stored;
  const path = posix.normalize(textAt(object, 'spec', 'path') ?? './');
  const temporary = parseInt(plane.model.random.hex(4, noteKey(own), note.tries), 16);
  const missing = `kustomization path not found: stat /tmp/kustomization-${temporary}/${path}: no such file or directory`;
  if (struck(plane, noteKey(own))) return fail('ArtifactFailed', missing);

  const url = textAt(source.object, 'spec', 'url') ?? '';
  let objects: KubeObject[] = [];
  if (remoteOf(plane.model, url).own) {
    const folder = posix.join(plane.model.root, path);
    if (plane.model.files.list(folder).length === 0) return fail('ArtifactFailed', missing);
    try {
      objects = buildOrAll(plane.model.files, folder);
    } catch (error) {
      if (!(error instanceof BuildError)) throw error;
      return fail('BuildFailed', `kustomize build failed: ${error.message}`);
    }
  } else
    plane.model.assumed.add(
      `Kustomization ${object.metadata.namespace}/${object.metadata.name}: what ${path} of ${url} holds is not known, nothing was applied`,
    );

  const values = substitutions(plane, own);
  if ('problem' in values) return fail('BuildFailed', values.problem);
  const result = applyAll(
    plane,
    own,
    objects.map((each) => prepared(own, each, values.vars)),
    moment,
  );
  if ('problem' in result) return fail('ReconciliationFailed', result.problem);
  const revision = revisionOf(plane, source);
  const inventory = {
    entries: result.applied.map((each) => ({
      id: inventoryId(each.object),
      v: each.object.apiVersion.split('/').at(-1) ?? '',
    })),
  };
  const more: Fields = { inventory, lastAttemptedRevision: revision };
  if (at(object, 'spec', 'wait') === true) {
    const until =
      moment + (duration(at(object, 'spec', 'timeout')) ?? duration(at(object, 'spec', 'interval')) ?? 300_000);
    setNote(plane, own, { generation: note.generation, tries: note.tries + 1, waiting: { since: moment, until } });
    setReady(
      plane,
      own,
      moment,
      { status: 'Unknown', reason: 'Progressing', message: 'Reconciliation in progress' },
      more,
    );
    return;
  }
  setNote(plane, own, { generation: note.generation, tries: note.tries + 1 });
  setReady(
    plane,
    own,
    moment,
    { status: 'True', reason: 'ReconciliationSucceeded', message: `Applied revision: ${revision}` },
    { ...more, lastAppliedRevision: revision },
  );
}

/** Waits for all that was applied (`wait: true`), until its timeout. */
function settle(plane: ControlPlane, own: Stored, waiting: { since: Ms; until: Ms }, key: string): Chore[] {
  const applied = inventory(plane, own);
  const ready = Math.max(waiting.since, ...applied.map((stored) => plane.readyAt(stored)));
  const generation = own.object.metadata.generation ?? 1;
  const tries = noteOf(plane, own)?.tries ?? 1;
  if (ready <= waiting.until)
    return [
      {
        at: ready + 200,
        key,
        run: (moment) => {
          const revision = textAt(own.object, 'status', 'lastAttemptedRevision') ?? '';
          setNote(plane, own, { generation, tries });
          setReady(
            plane,
            own,
            moment,
            { status: 'True', reason: 'ReconciliationSucceeded', message: `Applied revision: ${revision}` },
            { lastAppliedRevision: revision },
          );
        },
      },
    ];
  const late = applied.filter((stored) => plane.readyAt(stored) > waiting.until);
  const shown = late.map(
    ({ object }) => `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name} status: 'InProgress'`,
  );
  const retry =
    duration(at(own.object, 'spec', 'retryInterval')) ?? duration(at(own.object, 'spec', 'interval')) ?? 60_000;
  return [
    {
      at: waiting.until,
      key,
      run: (moment) => {
        setNote(plane, own, { generation, tries, next: moment + retry });
        const after = `${Math.round((waiting.until - waiting.since) / 1000)}s`;
        setReady(plane, own, moment, {
          status: 'False',
          reason: 'HealthCheckFailed',
          message: `health check failed after ${after}: timeout waiting for: [${shown.join(', ')}]`,
        });
      },
    },
  ];
}

const inventoryId = (object: KubeObject): string =>
  `${object.metadata.namespace ?? ''}_${object.metadata.name}_${object.apiVersion.includes('/') ? object.apiVersion.split('/')[0] : ''}_${object.kind}`;

function inventory(plane: ControlPlane, own: Stored): Stored[] {
  const entries = at(own.object, 'status', 'inventory', 'entries');
  return (Array.isArray(entries) ? entries : []).flatMap((entry) => {
    const [namespace = '', name = '', group = '', kind = ''] = (textAt(entry, 'id') ?? '').split('_');
    const type = plane.served(qualifiedVersion(group, textAt(entry, 'v') ?? ''), kind);
    const stored = type && plane.store.get(type, namespace === '' ? undefined : namespace, name);
    return stored ? [stored] : [];
  });
}

const qualifiedVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

function substitutions(
  plane: ControlPlane,
  own: Stored,
): { vars: Record<string, string> | undefined } | { problem: string } {
  const namespace = own.object.metadata.namespace ?? '';
  const key = textAt(own.object, 'spec', 'decryption', 'secretRef', 'name');
  if (key !== undefined && plane.store.get(named('Secret'), namespace, key) === undefined)
    return { problem: `cannot get decryption Secret '${namespace}/${key}': secrets "${key}" not found` };
  const build = at(own.object, 'spec', 'postBuild');
  if (!isFields(build)) return { vars: undefined };
  const vars: Record<string, string> = {};
  for (const from of Array.isArray(build['substituteFrom']) ? build['substituteFrom'] : []) {
    const kind = textAt(from, 'kind') ?? '';
    const name = textAt(from, 'name') ?? '';
    const stored = plane.store.get(named(kind), namespace, name);
    if (stored === undefined) {
      if (at(from, 'optional') === true) continue;
      return {
        problem: `post build failed for '${own.object.metadata.name}': substitute from '${kind}/${name}' error: ${qualified(named(kind).plural, '')} "${name}" not found`,
      };
    }
    const data = at(stored.object, 'data');
    for (const [name, value] of Object.entries(isFields(data) ? data : {}))
      vars[name] = kind === 'Secret' ? Buffer.from(String(value), 'base64').toString('utf8') : String(value);
  }
  const direct = build['substitute'];
  return {
    vars: {
      ...vars,
      ...(isFields(direct)
        ? Object.fromEntries(Object.entries(direct).map(([name, value]) => [name, String(value)]))
        : {}),
    },
  };
}

/** Substitutes `${NAME}` and `${NAME:=default}` in the object's text, as Flux does, and sets the target namespace. */
function prepared(own: Stored, object: KubeObject, vars: Record<string, string> | undefined): KubeObject {
  const { sops: _sops, ...plain } = object;
  const target = textAt(own.object, 'spec', 'targetNamespace');
  const placed = target === undefined ? plain : { ...plain, metadata: { ...plain.metadata, namespace: target } };
  if (vars === undefined || object.metadata.annotations?.['kustomize.toolkit.fluxcd.io/substitute'] === 'disabled')
    return placed as KubeObject;
  const text = toYaml(placed).replace(
    /\$\{([A-Za-z_]\w*)(?::?[=-]([^}]*))?\}/g,
    (_all, name: string, fallback: string | undefined) => vars[name] ?? fallback ?? '',
  );
  const parsed = documents(text);
  return ('values' in parsed ? parsed.values[0] : placed) as KubeObject;
}

function applyAll(
  plane: ControlPlane,
  own: Stored,
  objects: KubeObject[],
  moment: Ms,
): { applied: Stored[] } | { problem: string } {
  const applied: Stored[] = [];
  for (const object of objects) {
    const type = plane.served(object.apiVersion, object.kind);
    const { name, namespace } = object.metadata;
    if (type === undefined)
      return {
        problem: `${object.kind}/${namespace ? `${namespace}/` : ''}${name} dry-run failed: no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
      };
    const labels = {
      ...object.metadata.labels,
      'kustomize.toolkit.fluxcd.io/name': own.object.metadata.name,
      'kustomize.toolkit.fluxcd.io/namespace': own.object.metadata.namespace ?? '',
    };
    const { namespace: _namespace, ...meta } = object.metadata;
    const placed: KubeObject = {
      ...object,
      metadata: {
        ...meta,
        labels,
        ...(type.namespaced ? { namespace: namespace ?? own.object.metadata.namespace ?? 'default' } : {}),
      },
    };
    const result = plane.apply(type, placed, { manager: 'kustomize-controller', force: true, at: moment });
    if (result.how === 'no-namespace')
      return {
        problem: `${object.kind}/${result.namespace}/${name} namespace not specified: namespaces "${result.namespace}" not found`,
      };
    if (result.how !== 'conflict') applied.push(result.stored);
  }
  return { applied };
}
