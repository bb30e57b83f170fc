import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { must } from './children.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { clusterOf, prepareRepository, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
const example = fileURLToPath(new URL('../../examples/k8s-ops', import.meta.url));

let dir: string;
let repository: string;
let env: Record<string, string>;
let plane: ControlPlane;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-helmfile-'));
  repository = join(dir, 'repository');
  env = await toolEnvironment(join(dir, 'home'), toolchain);
  await prepareRepository(example, repository);
  plane = await startControlPlane({ toolchain, dir: join(dir, 'plane'), ...(await clusterOf(repository, 'infra')) });
});
afterAll(async () => {
  await plane?.stop();
  await rm(dir, { recursive: true, force: true });
});

const tool = (name: string, argv: string[], stdin?: string) =>
  must(name, argv, { cwd: repository, env, deadline: 300_000, ...(stdin === undefined ? {} : { stdin }) });
const kubectl = (argv: string[], stdin?: string) =>
  tool('kubectl', ['--kubeconfig', plane.kubeconfig, '--context', plane.context, ...argv], stdin);
const helmfile = (file: string, argv: string[]) =>
  tool('helmfile', [
    '--kubeconfig',
    plane.kubeconfig,
    '--kube-context',
    plane.context,
    '-f',
    `bootstrap/infra/helmfile.d/${file}`,
    ...argv,
  ]);

type Manifest = { kind?: string; metadata: { name: string } };
const nodesReady = async (): Promise<string[]> => {
  const path = '{range .items[*]}{.status.conditions[?(@.type=="Ready")].status} {end}';
  return (await kubectl(['get', 'nodes', '-o', `jsonpath=${path}`])).stdout.trim().split(' ');
};

test('the example comes up: real definitions, the real Cilium chart, and the rest as `needs` say', async () => {
  expect(await nodesReady()).toEqual(Array.from({ length: 6 }, () => 'False'));

  // Phase 0, by hand.
  await kubectl(['apply', '--server-side', '-f', 'bootstrap/infra/resources/namespaces.yaml']);
  const secrets = await tool('op', ['inject', '-i', 'bootstrap/infra/secrets.yaml.tpl']);
  await kubectl(['apply', '--server-side', '-f', '-'], secrets.stdout);

  // Phase 1: only the definitions of what is rendered.
  const rendered = await helmfile('00-crds.yaml', ['template', '--include-crds']);
  const documents = parseAllDocuments(rendered.stdout).map((document) => document.toJS() as Manifest | null);
  const definitions = documents.filter((document) => document?.kind === 'CustomResourceDefinition');
  const names = definitions.map((definition) => `crd/${definition?.metadata.name}`);
  expect(names).toEqual(
    expect.arrayContaining([
      'crd/certificates.cert-manager.io',
      'crd/externalsecrets.external-secrets.io',
      'crd/httproutes.gateway.networking.k8s.io',
      'crd/servicemonitors.monitoring.coreos.com',
    ]),
  );
  const applyDefinitions = () =>
    kubectl(['apply', '--server-side', '-f', '-'], definitions.map((one) => JSON.stringify(one)).join('\n---\n'));
  await applyDefinitions();
  await kubectl(['wait', '--for=condition=established', '--timeout=60s', ...names]);

  // Phase 2.
  await helmfile('01-apps.yaml', ['sync']);
  const listed = await tool('helm', [
    'list',
    '-A',
    '-o',
    'json',
    '--kubeconfig',
    plane.kubeconfig,
    '--kube-context',
    plane.context,
  ]);
  const releases = (JSON.parse(listed.stdout) as { name: string; status: string; chart: string; updated: string }[])
    .map((release) => ({ ...release, at: Date.parse(release.updated.replace(/ (\S+) \S+$/, '$1')) }))
    .sort((a, b) => a.at - b.at);
  expect(releases.map(({ name, status, chart }) => `${name} ${status} ${chart}`)).toEqual([
    'cilium deployed cilium-1.20.2',
    'coredns deployed coredns-1.45.0',
    'cert-manager deployed cert-manager-1.19.2',
    'external-secrets deployed external-secrets-1.3.2',
    'flux-operator deployed flux-operator-0.38.1',
    'flux-instance deployed flux-instance-0.38.1',
  ]);

  expect(await nodesReady()).toEqual(Array.from({ length: 6 }, () => 'True'));
  const pods = await kubectl([
    'get',
    'pods',
    '-A',
    '-o',
    'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.status.phase}{"\\n"}{end}',
  ]);
  const phases = pods.stdout.trim().split('\n');
  expect(phases.filter((line) => line.includes('/cilium-') && !/operator|envoy/.test(line))).toHaveLength(6);
  expect(phases.filter((line) => !/ (Running|Succeeded)$/.test(line))).toEqual([]);

  // What is the same is seen as that, and not as a change.
  const again = await plane.audit.mark();
  await applyDefinitions();
  const repeated = (await plane.audit.changes({ since: again })).map(({ verb, result }) => `${verb} ${result}`);
  expect(repeated).toEqual(definitions.map(() => 'patch unchanged'));

  const users = new Set((await plane.audit.changes()).map(({ user }) => user));
  expect([...users]).toEqual(['operator']);
}, 300_000);
