import { expect } from 'vitest';
import type { KubeWorld } from '../world.ts';
import { type Told } from '../world.ts';
import { type Scene, charts, helmfiles, installed, TIMES } from './scene.ts';

const helm = (world: KubeWorld, ...argv: string[]): Promise<Told> =>
  world.run('helm', ['--kubeconfig', '/home/op/kube', '--kube-context', 'infra', ...argv]);

/** A release whose helm was killed in the middle. */
async function stuck(world: KubeWorld): Promise<void> {
  await world.run(
    'helm',
    [
      '--kubeconfig',
      '/home/op/kube',
      '--kube-context',
      'infra',
      'upgrade',
      '--install',
      'stuck',
      './coredns',
      '-n',
      'default',
      '--wait',
    ],
    { killAfter: 2000 },
  );
}

function sameReleases(told: Told, recorded: { stdout: string }): void {
  const forms = (text: string) =>
    (JSON.parse(text) as Record<string, string>[]).map(
      ({ updated, chart: _chart, app_version: _app, revision: _revision, ...rest }) => ({
        ...rest,
        dated: updated?.endsWith(' +0000 UTC'),
      }),
    );
  expect(forms(told.stdout)).toEqual(forms(recorded.stdout));
  const keys = (text: string) => (JSON.parse(text) as object[]).map((each) => Object.keys(each));
  expect(keys(told.stdout)).toEqual(keys(recorded.stdout));
}

/** Recordings of helm. */
export const ofHelm: Record<string, Scene> = {
  'helm/chart-missing': {},
  'helm/kube-refused': {},
  'helm/list-default-hides-pending': { given: stuck, same: TIMES, files: charts, judge: sameReleases },
  'helm/list-failed': {},
  'helm/list-json': { files: helmfiles, given: installed, judge: sameReleases },
  'helm/list-pending': { given: stuck, files: charts, judge: sameReleases },
  'helm/name-in-use': { given: (world) => helm(world, 'install', 'slow', './coredns', '-n', 'default'), files: charts },
  'helm/registry-unreachable': {},
  'helm/show-chart': { same: [[/^Digest: sha256:[0-9a-f]{64}$/m, 'Digest: SHA-256']] },
  'helm/show-chart-missing': { faults: { 'chart-missing': 1 } },
  'helm/show-chart-no-index': {},
  'helm/show-chart-not-in-index': { faults: { 'chart-missing': 1 } },
  'helm/show-chart-of-index': {},
  'helm/show-chart-unreachable': {},
  'helm/status-json': {
    files: helmfiles,
    given: installed,
    argv: ['--kube-context', 'infra', 'status', 'coredns', '-n', 'kube-system', '-o', 'json'],
    judge: (told, recorded) => {
      const form = (text: string): string[] =>
        [...text.slice(0, text.indexOf('"notes"')).matchAll(/"(\w+)":(?:"([^"]*)")?/g)].map(([, key = '', value]) =>
          value === undefined || /^\d{4}-/.test(value) ? key : `${key}=${value}`,
        );
      expect(form(told.stdout)).toEqual(form(recorded.stdout));
    },
  },
  'helm/upgrade-over-pending': { given: stuck, files: charts },
  'helm/version': {},
  'helm/wait-timeout': { files: charts, same: [[/Deployment\/default\/\S+/, 'Deployment/default/NAME']] },
};
