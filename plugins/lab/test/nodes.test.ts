import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Json } from '@coldstart/contract';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { raftIndex } from '../src/etcd/life.ts';
import type { DurationTable } from '../src/clock/durations.ts';
import { makespanBound, type OpenLab } from '../src/index.ts';
import {
  addressOf,
  applyTo,
  bringUp,
  caFingerprint,
  configOf,
  configured,
  controlPlanes,
  nodes,
  open,
  root,
  secure,
  talosctl,
  text,
  until,
  workers,
} from './example.ts';

const stage = (lab: OpenLab, name: string): string => lab.model.nodes.get(name)!.stage;
const stages = (lab: OpenLab): string[] => nodes.map(({ name }) => stage(lab, name));

describe('six nodes, brought up by a plain operator', () => {
  let lab: OpenLab;
  beforeAll(async () => {
    lab = await open();
    await bringUp(lab.world);
  });

  test('run, each with the config that it received', async () => {
    expect(new Set(stages(lab))).toEqual(new Set(['running']));
    for (const { name, address } of nodes) {
      const node = lab.model.nodes.get(name)!;
      expect(node.config).toMatchObject({
        hostname: name,
        caFingerprint,
        addresses: [address],
        mtu: 9000,
        cni: 'none',
        kubeletVersion: 'v1.36.3',
      });
      expect(node.installed).toBe('/dev/nvme0n1');
      const done = await lab.world.probe({
        tool: 'talosctl',
        argv: ['get', 'machineconfig', 'v1alpha1', '-o', 'jsonpath={.spec}', ...secure(name)],
        deadline: 5000,
      });
      expect(text(done)).toBe(`${readFileSync(`${root}/${configOf(name)}`, 'utf8')}\n`);
    }
  });

  test('make one etcd cluster of three voters, which elects a leader and moves on', async () => {
    expect(lab.model.etcd.size).toBe(1);
    const [cluster] = lab.model.etcd.values();
    expect(cluster!.members.map(({ node, learner }) => [node, learner])).toEqual(
      controlPlanes.map(({ name }) => [name, false]),
    );
    expect(cluster).toMatchObject({ leader: 'infra-01', vip: 'infra-01', term: 2 });
    const before = raftIndex(cluster!, lab.elapsed());
    await lab.world.sleep(5000);
    expect(raftIndex(cluster!, lab.elapsed())).toBeGreaterThan(before);
    const status = text(
      await lab.world.probe({ tool: 'talosctl', argv: ['etcd', 'status', ...secure('infra-02')], deadline: 5000 }),
    );
    expect(status.split('\n')[1]).toContain(cluster!.members[1]!.id);
  });

  test('have an API on every control plane and behind the virtual address, with every node registered', async () => {
    for (const { address } of controlPlanes) expect(await lab.world.dial(address, 6443, 1000)).toBe('open');
    expect(await lab.world.dial('192.0.2.10', 6443, 1000)).toBe('open');
    const answer = lab.model.apiAt('192.0.2.10', 6443);
    expect(answer).toMatchObject({ how: 'open', node: 'infra-01' });
    expect(
      answer.how === 'open' &&
        answer.api
          .state()
          .nodes.map(({ name, ready }) => [name, ready])
          .sort(),
    ).toEqual(nodes.map(({ name }) => [name, false]));
  });

  test('show bonds with the MTU of the config, and their members', async () => {
    const done = await lab.world.probe({
      tool: 'talosctl',
      argv: ['get', 'links', '-o', 'json', ...secure('infra-04')],
      deadline: 5000,
    });
    const links = text(done)
      .split(/(?<=^\})\n/m)
      .filter((one) => one.trim() !== '')
      .map((one) => JSON.parse(one) as { metadata: { id: string }; spec: Record<string, unknown> });
    expect(
      links.map(({ metadata, spec }) => [
        metadata.id,
        spec['kind'],
        spec['slaveKind'],
        spec['mtu'],
        spec['operationalState'],
      ]),
    ).toEqual([
      ['enp1s0f0', '', 'bond', 9000, 'up'],
      ['enp1s0f1', '', 'bond', 9000, 'up'],
      ['bond0', 'bond', '', 9000, 'up'],
    ]);
  });

  test('hand out a kubeconfig for the endpoint, with the repository’s CA and an administrator’s certificate', async () => {
    const done = await lab.world.probe({
      tool: 'talosctl',
      argv: ['kubeconfig', '-', ...secure('infra-01')],
      deadline: 5000,
    });
    const config = parse(text(done)) as {
      clusters: { name: string; cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
      'current-context': string;
    };
    expect(config.clusters[0]).toMatchObject({ name: 'infra', cluster: { server: 'https://192.0.2.10:6443' } });
    expect(config['current-context']).toBe('admin@infra');
    const pem = (base64: string): string => Buffer.from(base64, 'base64').toString();
    const wanted = parse(readFileSync(`${root}/${configOf('infra-01')}`, 'utf8')) as {
      cluster: { ca: { crt: string } };
    };
    expect(config.clusters[0]?.cluster['certificate-authority-data']).toBe(wanted.cluster.ca.crt);
    const certificate = new X509Certificate(pem(config.users[0]!.user['client-certificate-data']!));
    expect(certificate.subject).toBe('O=system:masters\nCN=admin');
    expect(certificate.checkPrivateKey(createPrivateKey(pem(config.users[0]!.user['client-key-data']!)))).toBe(true);
  });

  test('take no longer than the bound allows for the same order, and no less', () => {
    const bound = makespanBound(lab.model.durations, { nodes, width: 1 });
    expect(lab.elapsed()).toBeGreaterThan(bound);
    // The plain operator looks every 5 s and waits 10 s before bootstrap.
    expect(lab.elapsed()).toBeLessThan(bound + 60_000);
  });

  test('a second bootstrap of the same node is refused, a config sent again changes nothing', async () => {
    const again = await talosctl(lab.world, ['bootstrap', ...secure('infra-01')]);
    expect([again.exit, again.stderr]).toEqual([1, expect.stringContaining('etcd data directory is not empty')]);
    const config = await talosctl(lab.world, ['apply-config', '-f', configOf('infra-01'), ...secure('infra-01')]);
    expect([config.exit, config.stderr]).toEqual([0, 'Applied configuration without a reboot\n']);
    expect(
      lab
        .received()
        .slice(-2)
        .map((entry) => entry.changes),
    ).toEqual([0, 0]);
  });
});

test('the same seed gives the same log, byte for byte; another seed another', async () => {
  const logOf = async (seed: number): Promise<string> => {
    const lab = await open({ seed });
    await bringUp(lab.world);
    return JSON.stringify([lab.received(), lab.elapsed(), new TextDecoder().decode(lab.save())]);
  };
  const [a, b, c] = [await logOf(11), await logOf(11), await logOf(12)];
  expect(createHash('sha256').update(a).digest('hex')).toBe(createHash('sha256').update(b).digest('hex'));
  expect(c).not.toBe(a);
});

describe('what shapes a bring-up', () => {
  test('workers have no certificate before a control plane is up: their port stays shut', async () => {
    const lab = await open();
    await applyTo(lab.world, 'infra-04');
    await lab.world.sleep(900_000);
    expect([stage(lab, 'infra-04'), await lab.world.dial(addressOf('infra-04'), 50_000, 1000)]).toEqual([
      'booting',
      'refused',
    ]);
    await applyTo(lab.world, 'infra-01');
    await configured(lab.world, 'infra-01');
    await lab.world.sleep(15_000);
    expect(await lab.world.dial(addressOf('infra-04'), 50_000, 1000)).toBe('open');
  });

  test('control planes stay booting, and not ready, until etcd is bootstrapped', async () => {
    const lab = await open();
    for (const { name } of controlPlanes) await applyTo(lab.world, name);
    await lab.world.sleep(1_800_000);
    expect(stages(lab).slice(0, 3)).toEqual(['booting', 'booting', 'booting']);
    const services = text(
      await lab.world.probe({ tool: 'talosctl', argv: ['services', ...secure('infra-02')], deadline: 5000 }),
    );
    expect(services).toMatch(/etcd +Waiting +\? /);
    expect(lab.model.etcd.size).toBe(0);
  });

  test('a bootstrap answers before its data directory is there, and one that is sent again in between changes nothing', async () => {
    const lab = await open();
    await applyTo(lab.world, 'infra-01');
    await configured(lab.world, 'infra-01');
    await lab.world.sleep(10_000);
    expect((await talosctl(lab.world, ['bootstrap', ...secure('infra-01')])).exit).toBe(0);
    expect(lab.model.nodes.get('infra-01')!.etcd).toMatchObject({ data: false, service: 'preparing' });
    await talosctl(lab.world, ['bootstrap', ...secure('infra-01')]);
    expect(lab.model.etcd.size).toBe(1);
    expect(
      lab
        .received()
        .slice(-2)
        .map((entry) => entry.changes),
    ).toEqual([1, 0]);
  });

  test('control planes join one at a time, as learners first', async () => {
    // A slow promotion, while API servers and kubelets come up: every occasion to join too early.
    const taking = (ms: number): DurationTable[string] => ({
      min: ms,
      max: ms,
      what: 'told by the test',
      source: 'test',
    });
    const lab = await open({
      durations: {
        'etcd/join': taking(1000),
        'etcd/promote': taking(120_000),
        'node/apiserver': taking(20_000),
        'node/kubelet': taking(5000),
      },
    });
    for (const { name } of controlPlanes) await applyTo(lab.world, name);
    for (const { name } of controlPlanes) await configured(lab.world, name);
    await lab.world.sleep(10_000);
    await talosctl(lab.world, ['bootstrap', ...secure('infra-01')]);
    const learners: number[] = [];
    for (let look = 0; look < 100; look++) {
      await lab.world.sleep(3000);
      learners.push([...lab.model.etcd.values()][0]!.members.filter((member) => member.learner).length);
    }
    expect(Math.max(...learners)).toBe(1);
    expect(learners.at(-1)).toBe(0);
    expect([...lab.model.etcd.values()][0]!.members).toHaveLength(3);
  });

  test('the disaster: a second, empty control plane is bootstrapped without a word, and there are two clusters', async () => {
    const lab = await open();
    for (const { name } of controlPlanes.slice(0, 2)) await applyTo(lab.world, name);
    for (const { name } of controlPlanes.slice(0, 2)) await configured(lab.world, name);
    await lab.world.sleep(10_000);
    for (const { name } of controlPlanes.slice(0, 2))
      expect((await talosctl(lab.world, ['bootstrap', ...secure(name)])).exit).toBe(0);
    await lab.world.sleep(600_000);
    expect(lab.verdict().etcdClusters).toBe(2);
    expect(lab.verdict().findings).toContainEqual(
      expect.stringMatching(/^2 etcd clusters instead of one: \w{16} \(infra-01\); \w{16} \(infra-02\)$/),
    );
    // A third one joins one of the two, and each has an API of its own.
    expect(lab.model.apis.size).toBe(2);
  });

  test('a secure call to a node of another repository’s CA tells stale secrets from maintenance', async () => {
    const lab = await open();
    const other = readFileSync(`${root}/${configOf('infra-01').replaceAll('infra', 'apps')}`, 'utf8').replace(
      'EX960-APPS-01',
      'EX960-INFRA-01',
    );
    await lab.world.write('foreign.yaml', new TextEncoder().encode(other), 0o600);
    await talosctl(lab.world, ['apply-config', '--insecure', '-n', addressOf('infra-01'), '-f', 'foreign.yaml']);
    await lab.world.sleep(900_000);
    const done = await lab.world.probe({ tool: 'talosctl', argv: ['version', ...secure('infra-01')], deadline: 5000 });
    expect(done.stderr).toContain('Ed25519 verification failure');
    expect(lab.verdict().findings).toContainEqual(
      expect.stringMatching(/^infra-01: foreign CA [0-9a-f]{16}…, expected [0-9a-f]{16}…$/),
    );
  });
});

describe('faults', () => {
  test('unreachable: connections time out after 20 s, as often as it was asked', async () => {
    const lab = await open({ faults: ['unreachable@infra-02:2'] });
    const argv = ['get', 'machinestatus', '--insecure', '-n', addressOf('infra-02')];
    const began = lab.elapsed();
    const first = await lab.world.probe({ tool: 'talosctl', argv, deadline: 60_000 });
    expect([first.exit, first.stderr]).toEqual([1, expect.stringContaining('i/o timeout')]);
    expect(lab.elapsed() - began).toBeGreaterThanOrEqual(20_000);
    expect((await lab.world.probe({ tool: 'talosctl', argv, deadline: 5000 })).how).toBe('deadline');
    expect((await lab.world.probe({ tool: 'talosctl', argv, deadline: 5000 })).exit).toBe(0);
    expect(lab.fired()).toEqual({ 'unreachable@infra-02:2': 2 });
  });

  test('eof-after-success: the config is there, and the caller does not know', async () => {
    const lab = await open({ faults: ['eof-after-success@infra-01'] });
    const done = await applyTo(lab.world, 'infra-01');
    expect([done.exit, done.stderr]).toEqual([
      1,
      'error applying new configuration: rpc error: code = Unavailable desc = error reading from server: EOF\n',
    ]);
    expect(stage(lab, 'infra-01')).toBe('installing');
    expect(lab.received()).toMatchObject([{ exit: 1, changes: 1 }]);
    expect(lab.fired()).toEqual({ 'eof-after-success@infra-01': 1 });
  });

  test('back-to-maintenance: the install fails once, the node comes back and takes the config again', async () => {
    const lab = await open({ faults: ['back-to-maintenance@infra-01'] });
    await applyTo(lab.world, 'infra-01');
    expect(await lab.world.dial(addressOf('infra-01'), 50_000, 1000)).toBe('refused');
    await until(
      lab.world,
      ['get', 'machinestatus', '--insecure', '-n', addressOf('infra-01'), '-o', 'jsonpath={.spec.stage}'],
      (done) => text(done) === 'maintenance\n',
    );
    expect(lab.model.nodes.get('infra-01')!.config).toBeNull();
    await applyTo(lab.world, 'infra-01');
    await configured(lab.world, 'infra-01');
    expect(stage(lab, 'infra-01')).toBe('booting');
    expect(lab.fired()).toEqual({ 'back-to-maintenance@infra-01': 1 });
  });

  test('disk-mismatch: another disk is shown, and the config is refused', async () => {
    const lab = await open({ faults: ['disk-mismatch@infra-04'] });
    const shown = await lab.world.probe({
      tool: 'talosctl',
      argv: ['get', 'disks', '--insecure', '-n', addressOf('infra-04')],
      deadline: 5000,
    });
    expect(text(shown)).toContain('USB STICK');
    const done = await applyTo(lab.world, 'infra-04');
    expect([done.exit, done.stderr]).toEqual([
      1,
      'error applying new configuration: rpc error: code = InvalidArgument desc = failed to validate diskSelector: no disks matched the expression: disk.size >= 400000000000u && disk.transport == "nvme"\n',
    ]);
    expect(stage(lab, 'infra-04')).toBe('maintenance');
  });

  test('wrong-ca: the node speaks mTLS of another cluster, to the insecure and to us', async () => {
    const lab = await open({ faults: ['wrong-ca@infra-03'] });
    const insecure = await applyTo(lab.world, 'infra-03');
    expect(insecure.stderr).toContain('tls: certificate required');
    const ours = await lab.world.probe({ tool: 'talosctl', argv: ['version', ...secure('infra-03')], deadline: 5000 });
    expect(ours.stderr).toContain('candidate authority certificate \\"talos\\"');
    expect(lab.verdict().findings).toContain('infra-03: foreign CA, it belongs to another cluster');
    const lifted = await open({ saved: lab.save() });
    expect((await applyTo(lifted.world, 'infra-03')).exit).toBe(0);
  });

  test('one that names no node strikes one that the seed picks, and says which', async () => {
    const lab = await open({ faults: ['back-to-maintenance'], seed: 5 });
    const said = lab.assumed.find((line) => line.startsWith('fault back-to-maintenance'));
    const picked = /strikes (infra-0\d)$/.exec(said ?? '')?.[1];
    expect(picked).toBeDefined();
    for (const { name } of nodes) await applyTo(lab.world, name);
    await lab.world.sleep(30 * 60_000);
    expect(nodes.filter(({ name }) => stage(lab, name) === 'maintenance').map(({ name }) => name)).toEqual([picked]);
  });
});

describe('a saved world', () => {
  test('goes on where it stood: times, installs under way, configs', async () => {
    const lab = await open();
    for (const { name } of controlPlanes) await applyTo(lab.world, name);
    await lab.world.sleep(30_000);
    const again = await open({ saved: lab.save() });
    expect(again.elapsed()).toBe(lab.elapsed());
    const told = (one: OpenLab): Json => ({
      ...(JSON.parse(new TextDecoder().decode(one.save())) as { [key: string]: Json }),
      nextPid: 0,
    });
    expect(told(again)).toEqual(told(lab));
    for (const { name } of controlPlanes) await configured(again.world, name);
    expect(stages(again)).toEqual(['booting', 'booting', 'booting', 'maintenance', 'maintenance', 'maintenance']);
    expect(again.received()).toEqual([]);
  });

  test('a whole one is found as it was left', async () => {
    const lab = await open();
    await bringUp(lab.world);
    await lab.world.write('kubernetes/kubeconfig', new TextEncoder().encode('kept'), 0o600);
    const again = await open({ saved: lab.save() });
    expect(again.verdict()).toEqual(lab.verdict());
    expect(new TextDecoder().decode(await again.world.read('kubernetes/kubeconfig'))).toBe('kept');
    expect((await again.world.stat('kubernetes/kubeconfig'))?.mode).toBe(0o600);
    const config = await again.world.probe({
      tool: 'talosctl',
      argv: ['get', 'machineconfig', 'v1alpha1', '-o', 'jsonpath={.spec}', ...secure('infra-01')],
      deadline: 5000,
    });
    expect(text(config)).toBe(`${readFileSync(`${root}/${configOf('infra-01')}`, 'utf8')}\n`);
  });

  test('holds no key of the repository’s', async () => {
    const lab = await open();
    for (const { name } of nodes) await applyTo(lab.world, name);
    const saved = new TextDecoder().decode(lab.save());
    const secrets = nodes.flatMap(({ name }) =>
      [
        ...readFileSync(`${root}/${configOf(name)}`, 'utf8').matchAll(
          /^\s*(?:key|token|secret|\w+Secret): (\S{12,})$/gm,
        ),
      ].map((match) => match[1]!),
    );
    expect(secrets.length).toBeGreaterThan(20);
    const insides = secrets.flatMap((secret) => Buffer.from(secret, 'base64').toString('utf8').split('\n')[1] || []);
    expect(insides.length).toBeGreaterThan(10);
    expect([...secrets, ...insides].filter((secret) => saved.includes(secret))).toEqual([]);
    expect(saved).not.toContain('PRIVATE KEY');
  });

  test('whose config files were changed since shows a config that differs', async () => {
    const lab = await open();
    await applyTo(lab.world, 'infra-01');
    await lab.world.write(configOf('infra-01'), new TextEncoder().encode('changed: true'), 0o600);
    await configured(lab.world, 'infra-01');
    const again = await open({ saved: lab.save() });
    const done = await again.world.probe({
      tool: 'talosctl',
      argv: ['get', 'machineconfig', 'v1alpha1', '-o', 'jsonpath={.spec}', ...secure('infra-01')],
      deadline: 5000,
    });
    expect(parse(text(done))).toMatchObject({ machine: { type: 'controlplane', network: { hostname: 'infra-01' } } });
  });

  test.each([
    ['no JSON', 'not json', 'it is not JSON'],
    ['another schema', '{"schema":"coldstart.lab-world/9"}', 'its schema is "coldstart.lab-world/9"'],
    ['a part missing', '{"schema":"coldstart.lab-world/1","cluster":"infra"}', 'cannot be used'],
    ['a list', '[]', 'its schema is null'],
  ])('that is %s is refused', async (_what, saved, message) => {
    await expect(open({ saved: new TextEncoder().encode(saved) })).rejects.toThrow(message);
  });

  test('of another cluster is refused', async () => {
    const lab = await open();
    const other = open({ saved: lab.save(), cluster: 'apps' });
    await expect(other).rejects.toThrow('it is a world of cluster infra, not of apps');
  });
});

describe('worker order', () => {
  test('workers that are applied early wait, and are registered after the API', async () => {
    const lab = await open();
    for (const { name } of [...controlPlanes, ...workers]) await applyTo(lab.world, name);
    for (const { name } of controlPlanes) await configured(lab.world, name);
    await lab.world.sleep(10_000);
    await talosctl(lab.world, ['bootstrap', ...secure('infra-01')]);
    await lab.world.sleep(900_000);
    expect(new Set(stages(lab))).toEqual(new Set(['running']));
  });
});
