import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { run } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import type { Change } from './controlplane/audit.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { ofGroups } from './fixtures/processes.ts';
import { toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
const nodes = [
  { name: 'infra-01', role: 'controlplane', address: '192.0.2.11' },
  { name: 'infra-04', role: 'worker', address: '192.0.2.21' },
] as const;

let dir: string;
let env: Record<string, string>;
let plane: ControlPlane;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-plane-'));
  env = await toolEnvironment(join(dir, 'home'), toolchain);
  plane = await startControlPlane({ toolchain, dir: join(dir, 'one'), nodes: [...nodes], context: 'infra' });
});
afterAll(async () => {
  await plane?.stop();
  await rm(dir, { recursive: true, force: true });
});

const kubectl = (argv: string[], stdin?: string) =>
  run('kubectl', ['--kubeconfig', plane.kubeconfig, '--context', plane.context, ...argv], {
    env,
    deadline: 30_000,
    ...(stdin === undefined ? {} : { stdin }),
  });

const short = (changes: Change[]): string[] =>
  changes.map(({ verb, resource, name, result }) => `${verb} ${resource} ${name} ${result}`);

describe('the control plane', () => {
  test('serves its nodes, NotReady before there is a network', async () => {
    await sleep(3_000);
    const got = await kubectl([
      'get',
      'nodes',
      '--no-headers',
      '-o',
      'custom-columns=N:.metadata.name,R:.status.conditions[?(@.type=="Ready")].reason,A:.status.addresses[0].address',
    ]);
    expect(got).toMatchObject({ exit: 0, stderr: '' });
    expect(
      got.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/)),
    ).toEqual([
      ['infra-01', 'KubeletNotReady', '192.0.2.11'],
      ['infra-04', 'KubeletNotReady', '192.0.2.21'],
    ]);
  });

  test('has no current-context in its kubeconfig', async () => {
    const got = await run('kubectl', ['--kubeconfig', plane.kubeconfig, 'get', 'nodes'], { env, deadline: 30_000 });
    expect(got.exit).toBe(1);
  });

  test('counts what changes and not what reads', async () => {
    const began = await plane.audit.mark();
    expect((await kubectl(['get', 'namespaces'])).exit).toBe(0);
    expect((await kubectl(['auth', 'can-i', 'create', 'pods'])).stdout.trim()).toBe('yes');
    expect(short(await plane.audit.changes({ since: began }))).toEqual([]);
    expect(await plane.audit.reads({ since: began })).toBeGreaterThan(0);

    expect((await kubectl(['create', 'configmap', 'one', '--from-literal=a=b'])).exit).toBe(0);
    const changes = await plane.audit.changes({ since: began });
    expect(short(changes)).toEqual(['create configmaps one persisted']);
    expect(changes[0]).toMatchObject({ user: 'operator', namespace: 'default', code: 201 });
    expect(changes[0]?.agent).toMatch(/^kubectl/);
  });

  test('tells what was persisted from what was the same, refused, or a dry run', async () => {
    const object = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: two }\ndata: { a: "1" }\n';
    const apply = (text: string, ...more: string[]) => kubectl(['apply', '--server-side', ...more, '-f', '-'], text);
    const began = await plane.audit.mark();
    await apply(object, '--dry-run=server');
    await apply(object);
    await apply(object);
    await apply(object.replace('"1"', '"2"'));
    await kubectl(['delete', 'configmap', 'nobody']);
    await kubectl(['delete', 'configmap', 'two']);
    expect(short(await plane.audit.changes({ since: began }))).toEqual([
      'patch configmaps two dry-run',
      'patch configmaps two persisted',
      'patch configmaps two unchanged',
      'patch configmaps two persisted',
      'delete configmaps nobody refused',
      'delete configmaps two persisted',
    ]);
  });

  test('leaves out the harness, the controllers and the Lease it is told of', async () => {
    const began = await plane.audit.mark();
    const lease =
      'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: { name: coldstart, namespace: kube-system }\n';
    await kubectl(['apply', '--server-side', '-f', '-'], lease);
    await plane.api.send('POST', '/api/v1/namespaces', { metadata: { name: 'harness' } });
    // Once the namespace has its service account, the log has changes that a controller made.
    const account = () => plane.api.send('GET', '/api/v1/namespaces/harness/serviceaccounts/default');
    await expect.poll(async () => (await account()).status, { timeout: 120_000 }).toBe(200);

    expect(short(await plane.audit.changes({ since: began }))).toEqual([
      'patch coordination.k8s.io/leases coldstart persisted',
    ]);
    expect(await plane.audit.changes({ since: began, except: isLease('kube-system', 'coldstart') })).toEqual([]);
  });

  test('a webhook in the cluster is answered for, and what else stands behind a Service is not', async () => {
    const service = { name: 'hook', namespace: 'default' };
    const only = { matchLabels: { 'kubernetes.io/metadata.name': 'hooked' } };
    const objects = [
      { apiVersion: 'v1', kind: 'Service', metadata: service, spec: { ports: [{ port: 443 }] } },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'hook' },
        webhooks: [
          {
            name: 'hook.example.com',
            // As a chart has it before an injector fills in the authority.
            clientConfig: { service: { ...service, path: '/validate' } },
            rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
            namespaceSelector: only,
            failurePolicy: 'Fail',
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            timeoutSeconds: 5,
          },
        ],
      },
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1.nobody.example.com' },
        spec: {
          service,
          group: 'nobody.example.com',
          version: 'v1',
          insecureSkipTLSVerify: true,
          groupPriorityMinimum: 100,
          versionPriority: 100,
        },
      },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'hooked' } },
    ];
    const applied = await kubectl(
      ['apply', '--server-side', '-f', '-'],
      objects.map((object) => JSON.stringify(object)).join('\n---\n'),
    );
    expect({ exit: applied.exit, stderr: applied.stderr }).toEqual({ exit: 0, stderr: '' });
    // A new configuration takes effect a moment later.
    const create = async (): Promise<string[]> => {
      await kubectl(['create', 'configmap', '-n', 'hooked', `try-${performance.now()}`]);
      return plane.asked();
    };
    await expect.poll(create, { timeout: 120_000, interval: 500 }).toContain('hook.default.svc configmaps');
    expect((await kubectl(['create', 'configmap', '-n', 'hooked', 'let-in'])).exit).toBe(0);

    const available = ['get', 'apiservice', 'v1.nobody.example.com', '-o', 'jsonpath={.status.conditions[0].reason}'];
    const reason = async (): Promise<string> => (await kubectl(available)).stdout;
    await expect.poll(reason, { timeout: 120_000 }).toMatch(/FailedDiscoveryCheck|EndpointsNotFound|MissingEndpoints/);
    await kubectl(['delete', 'apiservice', 'v1.nobody.example.com']);
  });

  test('takes a node later', async () => {
    await plane.addNode({ name: 'infra-05', role: 'worker', address: '192.0.2.22' });
    expect((await kubectl(['get', 'node', 'infra-05', '-o', 'name'])).stdout.trim()).toBe('node/infra-05');
    await expect(plane.addNode({ name: 'infra-05', role: 'worker', address: '192.0.2.22' })).rejects.toThrow(
      /infra-05: 409/,
    );
  });

  test('lives beside a second one, and nothing of that remains after its stop', async () => {
    const second = await startControlPlane({ toolchain, dir: join(dir, 'two'), nodes: [], context: 'apps' });
    const pids = Object.values(second.pids());
    expect(pids).toHaveLength(6);
    expect(second.server).not.toBe(plane.server);
    expect((await second.api.send('GET', '/readyz')).status).toBe(200);
    expect((await plane.api.send('GET', '/readyz')).status).toBe(200);

    await second.stop();
    await second.stop();
    expect(await ofGroups(pids)).toEqual([]);
    await expect(second.api.send('GET', '/readyz')).rejects.toThrow(/ECONNREFUSED/);
    expect((await plane.api.send('GET', '/readyz')).status).toBe(200);
  });

  test('says which component ended, and why, when one cannot start', async () => {
    const broken = join(dir, 'broken-scheduler');
    await writeFile(broken, '#!/bin/sh\necho no certificate at all >&2\nexit 3\n', { mode: 0o755 });
    const tools = { ...toolchain, etcd: { ...toolchain.etcd, path: broken } };
    const started = startControlPlane({ toolchain: tools, dir: join(dir, 'three'), nodes: [], context: 'x' });
    await expect(started).rejects.toThrow(/etcd ended \(exit 3\) before \/health answered:\nno certificate at all/);
    expect(await readFile(join(dir, 'three/logs/etcd.log'), 'utf8')).toContain('no certificate');
  });
});
