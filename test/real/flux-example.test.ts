/**
 * The example's own tree under the real Flux: what the bootstrap's helmfile installs is handed over, and all that
 * clusters/infra/flux names becomes Ready, from the definitions to the last Kustomization. Only the addresses of the sources
 * are rewritten (flux/mapping.yaml). Simulated are flux-operator, the nodes and pods, and the webhooks in the cluster.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parseObjects } from '@coldstart/tools';
import type { KubeObject } from '@coldstart/tools';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { fluxResource, inOrder } from '../../plugins/flux/src/flux/resources.ts';
import { must } from './children.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { withControllers } from './flux/fixture.ts';
import { followFlux } from './flux/follow.ts';
import type { Flux } from './flux/follow.ts';
import { publishOthers, publishSelf, rewriteSources } from './flux/rewrite.ts';
import type { Rewritten } from './flux/rewrite.ts';
import { startSources } from './flux/sources.ts';
import type { Sources } from './flux/sources.ts';
import { clusterOf, prepareRepository, toolEnvironment } from './world.ts';

const toolchain = withControllers(inject('toolchain'));
const example = fileURLToPath(new URL('../../examples/k8s-ops', import.meta.url));

let dir: string;
let repository: string;
let env: Record<string, string>;
let sources: Sources;
let plane: ControlPlane;
let flux: Flux;
let rewritten: Rewritten[];
let commit: string;

const tool = (name: string, argv: string[], stdin?: string) =>
  must(name, argv, { cwd: repository, env, deadline: 300_000, ...(stdin === undefined ? {} : { stdin }) });
const kubectl = (argv: string[], stdin?: string) =>
  tool('kubectl', ['--kubeconfig', plane.kubeconfig, '--context', plane.context, ...argv], stdin);
const apply = (text: string) => kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], text);
const access = (): string[] => ['--kubeconfig', plane.kubeconfig, '--kube-context', plane.context];
const helmfile = (file: string, argv: string[]) =>
  tool('helmfile', [...access(), '-f', `bootstrap/infra/helmfile.d/${file}`, ...argv]);
const objects = async (...what: string[]): Promise<KubeObject[]> =>
  parseObjects((await kubectl(['get', ...what, '-o', 'json'])).stdout) ?? [];
const releases = async () =>
  JSON.parse((await tool('helm', ['list', '-A', '-o', 'json', ...access()])).stdout) as {
    name: string;
    revision: string;
    chart: string;
    status: string;
  }[];
type Spec = { uid: string; generation: number; spec: unknown };
/** What runs, by kind and name: a changed generation is a changed spec. */
const workloads = async (): Promise<Record<string, Spec>> =>
  Object.fromEntries(
    (await objects('deployments,daemonsets,statefulsets', '-A')).map((object) => {
      const { name, uid, generation } = object.metadata as unknown as { name: string } & Spec;
      return [`${object.kind} ${name}`, { uid, generation, spec: object['spec'] }];
    }),
  );

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-example-'));
  repository = join(dir, 'repository');
  env = await toolEnvironment(join(dir, 'home'), toolchain);
  await prepareRepository(example, repository);
  for (const folder of ['sources', 'flux']) await mkdir(join(dir, folder));
  sources = await startSources({ toolchain, dir: join(dir, 'sources') });
  rewritten = await rewriteSources(repository, sources);
  await publishOthers(sources, dir);
  commit = await publishSelf(sources, repository, 'main');
  plane = await startControlPlane({ toolchain, dir: join(dir, 'plane'), ...(await clusterOf(repository, 'infra')) });
  flux = followFlux({ plane, sources, toolchain, dir: join(dir, 'flux') });
}, 300_000);
afterAll(async () => {
  await flux?.stop();
  await plane?.stop();
  await sources?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('every address that Flux is given leads to this machine, each by a row of the table', async () => {
  expect([...new Set(rewritten.map(({ kind }) => kind))].sort()).toEqual([
    'GitRepository',
    'HelmRepository',
    'OCIRepository',
  ]);
  // For each cluster: seven charts, four mirrors, one repository of charts, and the repository itself.
  expect(rewritten).toHaveLength(26);
  for (const { to } of rewritten) expect(to).toMatch(/^(http|oci):\/\/127\.0\.0\.1:\d+/);
  const built = await tool('kustomize', ['build', 'clusters/infra/flux']);
  expect(built.stdout).not.toMatch(/^\s+url: (?!(http|oci):\/\/127\.0\.0\.1:)/m);
});

describe('handed over to Flux', () => {
  let before: Record<string, Spec>;
  beforeAll(async () => {
    await kubectl(['apply', '--server-side', '-f', 'bootstrap/infra/resources/namespaces.yaml']);
    await apply((await tool('op', ['inject', '-i', 'bootstrap/infra/secrets.yaml.tpl'])).stdout);
    // The key is made up by `op`; this is the one for which the example's files are encrypted.
    const key = await readFile(join(repository, 'age.key'), 'utf8');
    const metadata = { name: 'sops-age', namespace: 'flux-system' };
    await apply(JSON.stringify({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { 'age.agekey': key } }));
    await apply((await tool('op', ['inject', '-i', 'bootstrap/infra/deploy-key.yaml.tpl'])).stdout);
    const rendered = await helmfile('00-crds.yaml', ['template', '--include-crds']);
    const definitions = parseAllDocuments(rendered.stdout)
      .map((document) => document.toJS() as { kind?: string } | null)
      .filter((document) => document?.kind === 'CustomResourceDefinition');
    await apply(definitions.map((one) => JSON.stringify(one)).join('\n---\n'));
    await helmfile('01-apps.yaml', ['sync']);
    await kubectl(['wait', 'fluxinstance/flux', '-n', 'flux-system', '--for=condition=Ready', '--timeout=120s']);
    before = await workloads();
    await kubectl(['apply', '--server-side', '-f', 'bootstrap/infra/resources/flux-sync.yaml']);
  }, 400_000);

  test('all of it becomes Ready', { timeout: 600_000 }, async () => {
    const kinds = 'gitrepositories,ocirepositories,helmrepositories,kustomizations,helmreleases';
    const notReady = async (): Promise<string[]> => {
      const found = (await objects(kinds, '-A')).map(fluxResource);
      const bad = found.filter(({ ready }) => !ready).map(({ kind, id, why }) => `${kind} ${id}: ${why}`);
      return found.length >= 36 ? bad : [`only ${found.length}`, ...bad];
    };
    await expect.poll(notReady, { timeout: 580_000, interval: 3_000 }).toEqual([]);
    expect({ errors: flux.errors(), ended: flux.ended() }).toEqual({ errors: [], ended: [] });

    const kustomizations = (await objects('kustomizations', '-A')).map(fluxResource);
    expect(kustomizations).toHaveLength(15);
    const own = kustomizations.filter(({ id }) => !id.includes('/crds-'));
    expect(own.map(({ revision }) => revision)).toEqual(own.map(() => `main@sha1:${commit}`));
    // None was Ready before what it depends on.
    const since = new Map(kustomizations.map((one) => [one.id, one.since]));
    for (const { id, dependsOn } of inOrder(kustomizations)) {
      for (const other of dependsOn)
        expect([id, (since.get(other) ?? '') <= (since.get(id) ?? '')]).toEqual([id, true]);
    }
  });

  test('what helmfile had installed is taken over, and changes only where a chart writes its version into pods', async () => {
    const found = await releases();
    const taken = ['cert-manager', 'cilium', 'coredns', 'external-secrets', 'flux-instance', 'flux-operator'];
    expect(
      found.map(({ name, revision, status, chart }) => [name, revision, status, chart.replace(/\+.*/, '')]).sort(),
    ).toEqual([
      ['cert-manager', '2', 'deployed', 'cert-manager-1.19.2'],
      ['cilium', '2', 'deployed', 'cilium-1.20.2'],
      ['coredns', '2', 'deployed', 'coredns-1.45.0'],
      ['external-secrets', '2', 'deployed', 'external-secrets-1.3.2'],
      ['flux-instance', '2', 'deployed', 'flux-instance-0.38.1'],
      ['flux-operator', '2', 'deployed', 'flux-operator-0.38.1'],
      ['metrics-server', '1', 'deployed', 'metrics-server-3.13.0'],
      ['spegel', '1', 'deployed', 'spegel-0.6.0'],
    ]);
    for (const { name, chart } of found.filter((one) => taken.includes(one.name))) {
      expect([name, chart]).toEqual([name, expect.stringMatching(/\+[0-9a-f]{12}$/)]);
    }
    const after = await workloads();
    expect(Object.keys(before).length).toBeGreaterThan(15);
    expect(Object.keys(before).filter((name) => after[name]?.uid !== before[name]?.uid)).toEqual([]);

    // It is not without a trace: helm-controller adds the digest of what it pulled to the chart's version, and charts that
    // write it into the labels of their pods have all of these pods replaced. Nothing else of them is changed.
    const changed = Object.keys(before).filter((name) => after[name]?.generation !== before[name]?.generation);
    expect(changed.sort()).toEqual([
      'DaemonSet cilium',
      'DaemonSet cilium-envoy',
      'Deployment cert-manager',
      'Deployment cert-manager-cainjector',
      'Deployment cert-manager-webhook',
      'Deployment cilium-operator',
      'Deployment external-secrets',
      'Deployment external-secrets-cert-controller',
      'Deployment external-secrets-webhook',
      'Deployment hubble-relay',
    ]);
    const undigested = (spec: unknown): unknown =>
      JSON.parse(JSON.stringify(spec).replaceAll(/("helm\.sh\/chart":"[^"]*?)_[0-9a-f]{12}"/g, '$1"'));
    for (const name of changed) {
      expect([name, undigested(after[name]?.spec)]).toEqual([name, before[name]?.spec]);
    }
  });

  test('what needs a webhook in the cluster went through the one that stands for it', () => {
    expect(plane.asked()).toContain('cert-manager-webhook.cert-manager.svc clusterissuers');
  });
});
