import { expect } from 'vitest';
import type { KubeWorld } from '../world.ts';
import { type Scene, REVISION, git, ks, flux, fluxScene, complete } from './scene.ts';

const suspended = async (world: KubeWorld): Promise<void> => {
  await flux()(world);
  await world.run('flux', [
    '--kubeconfig',
    '/home/op/kube',
    '--context',
    'infra',
    'suspend',
    'kustomization',
    'cluster',
  ]);
};

const FAILING =
  git('k8s-ops') +
  git('bad-branch', 'ref: {branch: release}') +
  git('bad-key', 'ref: {branch: main}, secretRef: {name: nothere}') +
  ks('cluster') +
  ks('bad-path', './clusters/nothere') +
  ks('depends', './clusters/infra', ', dependsOn: [{name: bad-path}]');

const CUT: [RegExp, string][] = [
  ...REVISION,
  [/kustomization-[0-9a-f]+/g, 'kustomization-TMP'],
  [/[ \t]+$/gm, ''],
  [/ +\t/g, '\t'],
];

/** Every path of an answer, without what stands there. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((each) => shapeOf(each, `${path}[]`));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, below]) => shapeOf(below, `${path}.${key}`));
  return [path];
}

/** Fields that the lab leaves out, each for a reason in unrecorded.yaml. */
const NOT_PLAYED = /last-applied-configuration|finalizers|status\.history|spec\.force/;

/** Recordings of flux. */
export const ofFlux: Record<string, Scene> = {
  'flux/get-ks-json': {
    ...fluxScene(),
    judge: (told, recorded) =>
      expect(shapeOf(JSON.parse(told.stdout))).toEqual(
        expect.arrayContaining(shapeOf(complete(recorded.stdout)).filter((path) => !NOT_PLAYED.test(path))),
      ),
  },
  'flux/kubectl-get-failing-json': {
    ...fluxScene(flux(FAILING)),
    judge: (told, recorded) => {
      const meaning = (text: string) =>
        (JSON.parse(text) as Record<string, string>[]).map(({ type, status, reason, message }) =>
          type === 'Ready'
            ? { type, status, reason, message: message?.replace(/kustomization-\w+/, 'TMP') }
            : { type, status, reason },
        );
      expect(meaning(told.stdout)).toEqual(meaning(recorded.stdout));
      expect(told.stdout.endsWith(']')).toBe(true);
    },
  },
  'flux/check': {
    ...fluxScene(),
    // The notification-controller's own definitions were not installed where it was recorded.
    same: [[/^✔ (?:alerts|providers|receivers)\.notification.*\n/gm, '']],
  },
  'flux/check-pre': {},
  'flux/get-all': fluxScene(),
  'flux/get-all-failures': fluxScene(flux(FAILING), CUT),
  'flux/get-ks-failing-only': fluxScene(flux(FAILING), CUT),
  'flux/get-sources-git': fluxScene(),
  'flux/reconcile-failing': fluxScene(flux(FAILING)),
  'flux/reconcile-ks': fluxScene(),
  'flux/reconcile-missing': fluxScene(),
  'flux/reconcile-source': fluxScene(),
  'flux/reconcile-suspended': fluxScene(suspended),
  'flux/resume': fluxScene(suspended),
  'flux/suspend': fluxScene(),
  'flux/refused': {},
  'flux/version': {},
};
