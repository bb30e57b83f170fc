import { FLUX } from '../charts/definitions.ts';
import { component, FLUX_VERSION } from '../charts/flux-component.ts';
import type { Release } from '../charts/parts.ts';
import type { Chore, Controller } from '../controllers.ts';
import { draw } from '../durations.ts';
import { at, type Fields, isFields, type KubeObject, textAt } from '../object.ts';
import type { Stored } from '../store.ts';
import { workloadReady } from '../workloads.ts';
import { controllerReady, custom, noteKey, noteOf, setNote, setReady } from './status.ts';
import type { ControlPlane } from '../control-plane.ts';

const COMPONENTS = ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'];

/** flux-operator: makes Flux as a FluxInstance says, and reports it Ready once its controllers run. */
export const instances: Controller = (plane) => {
  const operator = plane.store
    .byKind('Deployment')
    .find(({ object }) =>
      String(at(object, 'spec', 'template', 'spec', 'containers', 0, 'image')).includes('/flux-operator:'),
    );
  if (operator === undefined) return [];
  const up = workloadReady(operator, plane.ground);
  return custom(plane, 'fluxinstances.fluxcd.controlplane.io').flatMap((instance): Chore[] => {
    const key = noteKey(instance);
    const note = noteOf(plane, instance);
    const generation = instance.object.metadata.generation ?? 1;
    if (note?.generation !== generation) {
      const at = Math.max(up, instance.changed) + draw(plane.model.random, 'object taken up by an operator', key);
      return at === Infinity ? [] : [{ at, key, run: (moment) => install(plane, instance, generation, moment) }];
    }
    if (note.next === undefined) return [];
    const definitions = components(instance).flatMap((name) =>
      (FLUX[name] ?? '')
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0] as string),
    );
    const established = Math.max(...definitions.map((name) => plane.establishedName(name)));
    const ready = Math.max(established, ...components(instance).map((name) => controllerReady(plane, name)));
    if (ready === Infinity) return [];
    const began = note.next;
    const run = (moment: number): void => {
      setNote(plane, instance, { generation, tries: note.tries + 1 });
      sync(plane, instance, moment);
      const took = Math.round((moment - began) / 1000);
      setReady(plane, instance, moment, {
        status: 'True',
        reason: 'ReconciliationSucceeded',
        message: `Reconciliation finished in ${took}s`,
      });
    };
    return [{ at: Math.max(ready, began), key, run }];
  });
};

function components(instance: Stored): string[] {
  const told = at(instance.object, 'spec', 'components');
  return Array.isArray(told) && told.length > 0
    ? told.map(String).filter((name) => Object.hasOwn(FLUX, name))
    : COMPONENTS;
}

function install(plane: ControlPlane, instance: Stored, generation: number, moment: number): void {
  const namespace = instance.object.metadata.namespace ?? 'flux-system';
  const registry = textAt(instance.object, 'spec', 'distribution', 'registry') ?? 'ghcr.io/fluxcd';
  const release: Release = { name: 'flux', namespace, chart: 'flux', version: FLUX_VERSION };
  const objects = components(instance).flatMap((name) => component(release, name, registry));
  for (const object of objects) {
    const type = plane.served(object.apiVersion, object.kind);
    if (type) plane.apply(type, object, { manager: 'flux-operator', force: true, at: moment });
  }
  setNote(plane, instance, { generation, next: moment, tries: 0 });
  setReady(plane, instance, moment, {
    status: 'Unknown',
    reason: 'Progressing',
    message: 'Reconciliation in progress',
  });
  plane.model.assumed.add(`Flux: controllers of ${FLUX_VERSION}, whatever version the FluxInstance asks for`);
}

/** What a FluxInstance's `sync` asks for: source and first Kustomization, named after the namespace. */
function sync(plane: ControlPlane, instance: Stored, moment: number): void {
  const asked = at(instance.object, 'spec', 'sync');
  if (!isFields(asked)) return;
  const namespace = instance.object.metadata.namespace ?? 'flux-system';
  for (const object of syncObjects(asked, namespace)) {
    const type = plane.served(object.apiVersion, object.kind);
    if (type) plane.apply(type, object, { manager: 'flux-operator', force: true, at: moment });
  }
}

function syncObjects(asked: Fields, namespace: string): KubeObject[] {
  const name = textAt(asked, 'name') ?? namespace;
  const kind = textAt(asked, 'kind') ?? 'GitRepository';
  const ref = textAt(asked, 'ref') ?? '';
  const secret = textAt(asked, 'pullSecret');
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  const gitRef: Fields = branch === undefined ? { name: ref } : { branch };
  const metadata = { name, namespace };
  return [
    {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind,
      metadata,
      spec: {
        interval: textAt(asked, 'interval') ?? '1m',
        url: textAt(asked, 'url') ?? '',
        ref: kind === 'GitRepository' ? gitRef : { tag: ref },
        ...(secret === undefined ? {} : { secretRef: { name: secret } }),
      },
    },
    {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata,
      spec: { interval: '10m', path: textAt(asked, 'path') ?? './', prune: true, sourceRef: { kind, name } },
    },
  ];
}
