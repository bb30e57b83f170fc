import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Done, Facts, World } from '@coldstart/contract';
import { parse } from 'yaml';
import { openLab, type OpenLab, type OpenOptions } from '../src/index.ts';

/** The example repository of this project, as the lab's tests use it. */
export const root = fileURLToPath(new URL('../../../examples/k8s-ops', import.meta.url));
export const talosconfig = 'clusters/infra/talos/clusterconfig/talosconfig';

type Node = { name: string; address: string; role: 'controlplane' | 'worker' };
export const nodes: Node[] = [1, 2, 3, 4, 5, 6].map((n) => ({
  name: `infra-0${n}`,
  address: `192.0.2.${n < 4 ? 10 + n : 17 + n}`,
  role: n < 4 ? 'controlplane' : 'worker',
}));
export const controlPlanes = nodes.filter((node) => node.role === 'controlplane');
export const workers = nodes.filter((node) => node.role === 'worker');
export const configOf = (name: string): string => `clusters/infra/talos/clusterconfig/infra-${name}.yaml`;
export const addressOf = (name: string): string => nodes.find((node) => node.name === name)!.address;

const first = parse(readFileSync(`${root}/${configOf('infra-01')}`, 'utf8')) as { machine: { ca: { crt: string } } };
export const caFingerprint = createHash('sha256')
  .update(new X509Certificate(Buffer.from(first.machine.ca.crt, 'base64')).raw)
  .digest('hex');

export const facts: Facts = {
  'talos/cluster': {
    name: 'infra',
    endpoint: 'https://192.0.2.10:6443',
    vip: '192.0.2.10',
    caFingerprint,
    talosVersion: 'v1.13.0',
    kubernetesVersion: 'v1.36.3',
  },
  'talos/nodes': nodes.map((node) => ({
    ...node,
    disk: null,
    diskSelector:
      node.role === 'controlplane'
        ? { serial: `EX960-${node.name.toUpperCase()}` }
        : { type: 'nvme', size: '>= 400GB' },
    mtu: 9000,
    links: ['enp1s0f0', 'enp1s0f1'],
    talosVersion: 'v1.13.0',
    config: configOf(node.name),
  })),
};

export function open(options: Partial<OpenOptions> = {}): Promise<OpenLab> {
  return openLab({
    root,
    cluster: 'infra',
    facts,
    env: { HOME: '/home/op' },
    seed: 1,
    faults: [],
    pace: null,
    disk: 'memory',
    ...options,
  });
}

/** One call of talosctl through `spawn`, as an engine makes it. */
export function talosctl(world: World, argv: string[], deadline = 120_000): Promise<Done> {
  return world.spawn(
    { tool: 'talosctl', argv, env: {}, deadline },
    { signal: 'SIGINT', grace: 5000, kill: true },
    async () => {},
    new AbortController().signal,
  );
}

export const secure = (name: string): string[] => [
  '--talosconfig',
  talosconfig,
  '--context',
  'infra',
  '-e',
  addressOf(name),
  '-n',
  addressOf(name),
];
export const text = (done: Done): string => new TextDecoder().decode(done.stdout);

/** A step of a plain operator: what is tried, how long to wait between tries, what counts as there. */
export async function until(
  world: World,
  argv: string[],
  there: (done: Done) => boolean,
  within = 3_600_000,
): Promise<Done> {
  const end = world.mono() + within;
  for (;;) {
    const done = await world.probe({ tool: 'talosctl', argv, deadline: 30_000 });
    if (there(done)) return done;
    if (world.mono() > end)
      throw new Error(`not there after ${within} ms: ${argv.join(' ')}\n${text(done)}${done.stderr}`);
    await world.sleep(5000);
  }
}

export async function applyTo(world: World, name: string): Promise<Done> {
  return talosctl(world, ['apply-config', '--insecure', '-n', addressOf(name), '-f', configOf(name)]);
}

/** Waits until a configured node speaks mTLS. */
export const configured = (world: World, name: string): Promise<Done> =>
  until(world, ['get', 'machinestatus', '-o', 'jsonpath={.spec.stage}', ...secure(name)], (done) => done.exit === 0);

/** Brings the nodes up as far as Talos goes: configs, bootstrap on the first, etcd, API, workers. */
export async function bringUp(world: World): Promise<void> {
  for (const { name } of controlPlanes) await applyTo(world, name);
  for (const { name } of controlPlanes) await configured(world, name);
  await until(world, ['version', ...secure('infra-01')], () => true);
  await world.sleep(10_000);
  const done = await talosctl(world, ['bootstrap', ...secure('infra-01')]);
  if (done.exit !== 0) throw new Error(done.stderr);
  while ((await world.dial('192.0.2.11', 6443, 1000)) !== 'open') await world.sleep(5000);
  for (const { name } of workers) await applyTo(world, name);
  for (const { name } of workers)
    await until(
      world,
      ['get', 'machinestatus', '-o', 'jsonpath={.spec.stage}', ...secure(name)],
      (d) => text(d) === 'running\n',
    );
  const voters = (d: Done): boolean => (text(d).match(/ false$/gm) ?? []).length === 3;
  await until(world, ['etcd', 'members', ...secure('infra-01')], voters);
  for (const { name } of controlPlanes)
    await until(
      world,
      ['get', 'machinestatus', '-o', 'jsonpath={.spec.stage}', ...secure(name)],
      (d) => text(d) === 'running\n',
    );
}
