import { expect, describe, test } from 'vitest';
import { clusters, document, documents, example, filesBelow, nodesOf } from './repository.ts';
import type { Cluster, Node, Tree } from './repository.ts';

const vip = { infra: '192.0.2.10', apps: '198.51.100.10' };
const folder = (cluster: Cluster) => `clusters/${cluster}/talos`;
const talconfig = (cluster: Cluster) => document(`${folder(cluster)}/talconfig.yaml`);
const talosconfig = (cluster: Cluster) => document(`${folder(cluster)}/clusterconfig/talosconfig`);
const bond = (node: Node): Tree => {
  const interfaces: Tree[] = node.config.machine.network.interfaces;
  expect(interfaces).toHaveLength(1);
  return interfaces[0]!;
};
const one = (values: Iterable<string>) => {
  const distinct = new Set(values);
  expect(distinct.size).toBe(1);
  return [...distinct][0]!;
};

describe.each(clusters)('%s', (cluster) => {
  test('has three control planes, then three workers, in talconfig order', () => {
    expect(nodesOf(cluster).map((node) => [node.hostname, node.controlPlane])).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => [`${cluster}-0${n}`, n <= 3]),
    );
  });

  test('clusterconfig holds one config per node, the talosconfig, and nothing else', () => {
    const expected = [...nodesOf(cluster).map((node) => `${cluster}-${node.hostname}.yaml`), 'talosconfig'];
    expect(filesBelow(`${example}/${folder(cluster)}/clusterconfig`)).toEqual(expected.sort());
  });

  test('every patch that talconfig names exists, and every patch is named', () => {
    const { patches, controlPlane, worker } = talconfig(cluster);
    const named: string[] = [...patches, ...controlPlane.patches, ...worker.patches];
    const there = filesBelow(`${example}/${folder(cluster)}/patches`);
    expect(named.map((each) => each.replace('@./patches/', '')).sort()).toEqual(there);
  });

  test.each(nodesOf(cluster))('$hostname: rendered config agrees with talconfig', (node) => {
    const { machine, cluster: inside } = node.config;
    const wanted = talconfig(cluster);
    expect(machine.type).toBe(node.controlPlane ? 'controlplane' : 'worker');
    expect(machine.network.hostname).toBe(node.hostname);
    expect(machine.network.nameservers).toEqual(node.talconfig.nameservers);
    expect(machine.network.interfaces).toEqual(node.talconfig.networkInterfaces);
    expect(bond(node).addresses).toEqual([`${node.address}/24`]);
    expect(machine.install.diskSelector).toEqual(node.talconfig.installDiskSelector);
    expect(machine.install.disk).toBeUndefined();
    expect(machine.install.image).toBe(`${wanted.worker.talosImageURL}:${wanted.talosVersion}`);
    expect(machine.kubelet.image).toMatch(new RegExp(`:${wanted.kubernetesVersion}$`));
    expect(inside.clusterName).toBe(cluster);
    expect(inside.controlPlane.endpoint).toBe(wanted.endpoint);
    expect(inside.network).toMatchObject({
      cni: { name: 'none' },
      podSubnets: wanted.clusterPodNets,
      serviceSubnets: wanted.clusterSvcNets,
    });
  });

  test.each(nodesOf(cluster))('$hostname: a bond of two links, MTU 9000, VIP on control planes only', (node) => {
    const link = bond(node);
    expect(link).toMatchObject({ interface: 'bond0', mtu: 9000, dhcp: false });
    expect(new Set(link.bond.interfaces).size).toBe(2);
    expect(link.vip).toEqual(node.controlPlane ? { ip: vip[cluster] } : undefined);
  });

  const roles = (controlPlane: boolean) => nodesOf(cluster).filter((node) => node.controlPlane === controlPlane);

  test.each(roles(true))('$hostname: has the keys of the CAs, and neither kube-proxy nor CoreDNS of Talos', (node) => {
    const { machine, cluster: inside } = node.config;
    for (const ca of [machine.ca, inside.ca, inside.etcd.ca, inside.aggregatorCA]) expect(ca.key).toMatch(/^LS0t/);
    expect(inside.proxy).toEqual(expect.objectContaining({ disabled: true }));
    expect(inside.coreDNS).toEqual({ disabled: true });
  });

  test.each(roles(false))('$hostname: holds no key of a CA and nothing of the control plane', (node) => {
    const { machine, cluster: inside } = node.config;
    expect([machine.ca.key, inside.ca.key]).toEqual(['', '']);
    expect(inside).not.toHaveProperty('etcd');
    expect(inside).not.toHaveProperty('proxy');
    expect(inside).not.toHaveProperty('aggregatorCA');
    expect(inside).not.toHaveProperty('serviceAccount');
  });

  test.each(nodesOf(cluster))('$hostname: its name is set in one place', (node) => {
    const kinds = documents(`${folder(cluster)}/clusterconfig/${cluster}-${node.hostname}.yaml`).map(
      (each) => each.kind,
    );
    expect(kinds).not.toContain('HostnameConfig');
  });

  test('install disks are found by serial on control planes, which differ', () => {
    const serials = nodesOf(cluster).flatMap((node) => node.config.machine.install.diskSelector.serial ?? []);
    expect(new Set(serials).size).toBe(3);
  });

  test('talosconfig: one context, endpoints are the control planes themselves and never the VIP, all nodes listed', () => {
    const { context, contexts } = talosconfig(cluster);
    const nodes = nodesOf(cluster);
    expect(context).toBe(cluster);
    expect(Object.keys(contexts)).toEqual([cluster]);
    expect(contexts[cluster].endpoints).toEqual(nodes.filter((n) => n.controlPlane).map((n) => n.address));
    expect(contexts[cluster].endpoints).not.toContain(vip[cluster]);
    expect(contexts[cluster].nodes).toEqual(nodes.map((node) => node.address));
  });

  test('nodes, talosconfig and each other share one Talos CA, Kubernetes CA, id and tokens', () => {
    const nodes = nodesOf(cluster);
    const talosCa = one(nodes.map((node) => node.config.machine.ca.crt));
    expect(talosconfig(cluster).contexts[cluster].ca).toBe(talosCa);
    one(nodes.map((node) => node.config.cluster.ca.crt));
    one(nodes.map((node) => node.config.cluster.id));
    one(nodes.map((node) => node.config.cluster.secret));
    one(nodes.map((node) => node.config.machine.token));
    one(nodes.map((node) => node.config.cluster.token));
  });

  test('the secrets are encrypted, every value of them', () => {
    const { sops, ...secrets } = document(`${folder(cluster)}/talsecret.sops.yaml`);
    expect(sops.mac).toMatch(/^ENC\[/);
    const leaves = (value: unknown): unknown[] =>
      value !== null && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [value];
    const values = leaves(secrets);
    expect(values.length).toBeGreaterThan(10);
    for (const value of values) expect(value).toMatch(/^ENC\[AES256_GCM,/);
  });
});

test('the two clusters share no secret', () => {
  const secretsOf = (cluster: Cluster): string[] => {
    const { machine, cluster: inside } = nodesOf(cluster)[0]!.config;
    const { ca, aggregatorCA, etcd, serviceAccount, id, secret, token, secretboxEncryptionSecret } = inside;
    const pairs = [machine.ca, ca, aggregatorCA, etcd.ca];
    const found = [
      ...pairs.flatMap((pair) => [pair.crt, pair.key]),
      serviceAccount.key,
      machine.token,
      id,
      secret,
      token,
    ];
    return [...found, secretboxEncryptionSecret];
  };
  const [infra, apps] = [secretsOf('infra'), secretsOf('apps')];
  for (const value of [...infra, ...apps]) expect(value).toEqual(expect.stringMatching(/.{16,}/));
  expect(new Set([...infra, ...apps]).size).toBe(infra.length + apps.length);
});

test('no address and no disk serial stands for two nodes', () => {
  const nodes = clusters.flatMap(nodesOf);
  expect(new Set(nodes.map((node) => node.address)).size).toBe(12);
  expect(new Set(nodes.map((node) => node.hostname)).size).toBe(12);
});
