import { describe, expect, test } from 'vitest';
import { KubeWorld } from './world.ts';
import type { Json } from '@coldstart/contract';

const chart = (name: string, values = '{}', more = ''): string =>
  `  - {name: ${name}, namespace: kube-system, chart: oci://charts.example.com/${name}, version: 1.0.0, values: [${values}]${more}}\n`;
const sync = (
  world: KubeWorld,
  releases: string,
  options: { killAfter?: number; signal?: 'SIGINT' | 'SIGTERM'; wait?: boolean } = {},
) => {
  world.files.set(
    '/repo/h.yaml',
    `helmDefaults: {wait: ${options.wait ?? true}, timeout: 300}\nreleases:\n${releases}`,
  );
  return world.run('helmfile', ['--kubeconfig', '/home/op/kube', '--kube-context', 'infra', '-f', 'h.yaml', 'sync'], {
    ...(options.killAfter !== undefined && { killAfter: options.killAfter }),
    ...(options.signal && { signal: options.signal }),
  });
};
const crd = (name = 'things.example.com'): string => `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${name}}
spec: {group: example.com, scope: Cluster, names: {kind: Thing, plural: ${name.split('.')[0]}}, versions: [{name: v1, served: true, storage: true}]}
`;
const THING = 'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n';
const states = async (world: KubeWorld): Promise<Record<string, string>> => {
  const list = JSON.parse((await world.kubectl('get', 'nodes', '-o', 'json')).stdout) as {
    items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
  };
  return Object.fromEntries(
    list.items.map((node) => [
      node.metadata.name,
      node.status.conditions.find(({ type }) => type === 'Ready')?.status ?? '',
    ]),
  );
};

describe('definitions', () => {
  test('a kind is served once its definition is established, and not before', async () => {
    const world = new KubeWorld();
    await world.apply(crd());
    expect((await world.apply(THING)).stderr).toContain('no matches for kind "Thing" in version "example.com/v1"');
    expect((await world.kubectl('get', 'things.example.com')).stderr).toBe(
      'error: the server doesn\'t have a resource type "things"\n',
    );
    expect(
      (await world.kubectl('wait', '--for=condition=established', '--timeout=30s', 'crd/things.example.com')).exit,
    ).toBe(0);
    expect((await world.apply(THING)).exit).toBe(0);
  });

  test('crd-slow holds as many definitions back as it counts', async () => {
    const world = new KubeWorld({ faults: { 'crd-slow': 1 } });
    await world.apply(`${crd()}---\n${crd('others.example.com')}`);
    const told = await world.kubectl(
      'wait',
      '--for=condition=established',
      '--timeout=120s',
      'crd/others.example.com',
      'crd/things.example.com',
    );
    expect(told).toMatchObject({
      exit: 1,
      stdout: 'customresourcedefinition.apiextensions.k8s.io/others.example.com condition met\n',
    });
    expect(told.stderr).toBe(
      'error: timed out waiting for the condition on customresourcedefinitions/things.example.com\n',
    );
    expect(world.strikes['crd-slow']).toBe(0);
    expect(world.plane.state().crds).toEqual([
      { name: 'others.example.com', established: true },
      { name: 'things.example.com', established: false },
    ]);
  });

  test('in a saved world the fault is lifted where it is not asked for, and strikes again where it is', async () => {
    const world = new KubeWorld({ faults: { 'crd-slow': 1 } });
    await world.apply(crd());
    const saved = world.plane.save();
    expect(new KubeWorld({ saved }).plane.state().crds).toEqual([{ name: 'things.example.com', established: true }]);
    const again = new KubeWorld({ saved, faults: { 'crd-slow': 1 } });
    expect(again.plane.state().crds).toEqual([{ name: 'things.example.com', established: false }]);
    expect(again.strikes['crd-slow']).toBe(0);
  });
});

describe('nodes and workloads', () => {
  test('with CNI none a node stays NotReady until its Cilium agent is Ready', async () => {
    const world = new KubeWorld().nodes(3, 'none');
    await world.pass(600_000);
    expect(Object.values(await states(world))).toEqual(['False', 'False', 'False']);
    const told = await sync(world, chart('cilium', '{hubble: {relay: {enabled: true}}}'));
    expect(told).toMatchObject({ exit: 0 });
    await world.pass(10_000);
    expect(Object.values(await states(world))).toEqual(['True', 'True', 'True']);
    // A node that comes later gets its agent later.
    world.plane.register({
      name: 'infra-09',
      address: '192.0.2.19',
      role: 'worker',
      kubeletVersion: 'v1.36.3',
      talosVersion: 'v1.13.0',
      cni: 'none',
    });
    expect((await states(world))['infra-09']).toBe('False');
    await world.pass(180_000);
    expect((await states(world))['infra-09']).toBe('True');
  });

  test('without Cilium a release that needs the network never gets Ready: helm gives up, and the release has failed', async () => {
    const world = new KubeWorld().nodes(3, 'none');
    const told = await sync(world, chart('coredns'));
    expect(told.exit).toBe(1);
    expect(told.stderr).toContain(
      'resource Deployment/kube-system/coredns not ready. status: InProgress, message: Available: 0/1\n  context deadline exceeded',
    );
    expect(world.plane.state().releases).toEqual([
      { namespace: 'kube-system', name: 'coredns', status: 'failed', ready: false },
    ]);
    const pods = await world.kubectl(
      'get',
      'pods',
      '-n',
      'kube-system',
      '-o',
      'jsonpath={.items[*].status.conditions[?(@.type=="PodScheduled")].message}',
    );
    expect(pods.stdout).toBe(
      '0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
    );
    // The same command goes on once there is a network.
    expect((await sync(world, chart('cilium'))).exit).toBe(0);
    expect((await sync(world, chart('coredns'))).exit).toBe(0);
    expect(world.plane.state().releases.map(({ status, ready }) => [status, ready])).toEqual([
      ['deployed', true],
      ['deployed', true],
    ]);
  });

  test('control planes take no pods without a toleration, workers do', async () => {
    const world = new KubeWorld().nodes(3, 'flannel', 'controlplane');
    await world.pass(60_000);
    expect((await sync(world, chart('metrics-server'))).exit).toBe(1);
    world.plane.register({
      name: 'w',
      address: '192.0.2.21',
      role: 'worker',
      kubeletVersion: 'v1.36.3',
      talosVersion: 'v1.13.0',
      cni: 'flannel',
    });
    expect((await sync(world, chart('metrics-server'))).exit).toBe(0);
  });

  test('a helm that is killed in the middle leaves a pending release, over which nothing goes', async () => {
    const world = new KubeWorld().nodes(3);
    await world.pass(60_000);
    expect((await sync(world, chart('coredns'), { killAfter: 3000 })).exit).toBeNull();
    expect(world.plane.state().releases).toMatchObject([{ status: 'pending-install' }]);
    const told = await sync(world, chart('coredns'));
    expect(told.exit).toBe(1);
    expect(told.stderr).toContain('UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress');
    expect((await world.kubectl('get', 'secrets', '-n', 'kube-system', '-l', 'owner=helm', '-o', 'name')).stdout).toBe(
      'secret/sh.helm.release.v1.coredns.v1\n',
    );
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a helm that gets %s marks the release failed, and the next one goes on', async (signal, exit) => {
    const world = new KubeWorld().nodes(3);
    await world.pass(60_000);
    expect((await sync(world, chart('coredns'), { killAfter: 3000, signal })).exit).toBe(exit);
    expect(world.plane.state().releases).toMatchObject([{ status: 'failed' }]);
    expect((await sync(world, chart('coredns'))).exit).toBe(0);
    expect(world.plane.releases.last('kube-system', 'coredns')).toMatchObject({ revision: 2, status: 'deployed' });
  });

  test('helm does not take over what it did not make', async () => {
    const world = new KubeWorld().nodes(3);
    await world.apply('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\n');
    const told = await sync(world, chart('coredns'));
    expect(told.stderr).toContain(
      'ConfigMap "coredns" in namespace "kube-system" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"',
    );
    expect(world.plane.state().releases).toEqual([]);
  });

  test('a chart that the lab does not know is one Deployment, and listed as assumed', async () => {
    const world = new KubeWorld().nodes(2);
    await world.pass(60_000);
    expect((await sync(world, chart('surprise'))).exit).toBe(0);
    expect([...world.model.assumed]).toContain(
      'chart surprise: not known to the lab, taken as one Deployment kube-system/surprise',
    );
  });

  test("durations are the seed's: same seed same times, another seed others", async () => {
    const took = async (seed: number): Promise<number> => {
      const world = new KubeWorld({ seed }).nodes(3, 'none');
      await sync(world, chart('cilium'));
      return world.clock.now;
    };
    const [one, again, other] = [await took(1), await took(1), await took(2)];
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    for (const ms of [one, other]) expect(ms).toBeGreaterThan(55_000);
    expect([...new KubeWorld().model.assumed].filter((line) => line.startsWith('duration: '))).toHaveLength(14);
  });
});

describe('a saved world', () => {
  test('is the same world, at every moment of a bring-up', async () => {
    const world = new KubeWorld().nodes(3, 'none');
    await sync(world, chart('cilium') + chart('coredns', '{}', ', needs: [kube-system/cilium]'));
    const saved = JSON.parse(JSON.stringify(world.plane.save())) as Json;
    const restored = new KubeWorld({ saved: saved as never });
    await restored.pass(world.clock.now);
    expect(restored.plane.save()).toEqual(saved);
    expect(restored.plane.state()).toEqual(world.plane.state());
    expect(
      (await restored.kubectl('get', 'pods,deploy,ds,nodes', '-A', '-o', 'json')).stdout.replaceAll(
        /"lastHeartbeatTime": "[^"]*"/g,
        '',
      ),
    ).toBe(
      (await world.kubectl('get', 'pods,deploy,ds,nodes', '-A', '-o', 'json')).stdout.replaceAll(
        /"lastHeartbeatTime": "[^"]*"/g,
        '',
      ),
    );
  });
});
