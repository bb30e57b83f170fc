import { describe, expect, test } from 'vitest';
import { LabBug } from '../../src/tools/tool.ts';
import { KubeWorld } from './world.ts';

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n';
const map = (data: string, name = 'c'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: a}\ndata: ${data}\n`;
const read = async (
  world: KubeWorld,
  ...argv: string[]
): Promise<{ metadata: Record<string, unknown>; data: unknown }> =>
  JSON.parse((await world.kubectl('get', ...argv, '-o', 'json')).stdout) as never;

describe('server-side apply', () => {
  test('the same again changes nothing, and says the same', async () => {
    const world = new KubeWorld();
    const first = await world.apply(`${namespace}---\n${map('{a: b}')}`);
    const before = await read(world, 'cm', 'c', '-n', 'a');
    await world.pass(60_000);
    const second = await world.apply(`${namespace}---\n${map('{a: b}')}`);
    expect(first.changes).toEqual(['namespace/a created', 'configmap/c created']);
    expect(second).toMatchObject({ exit: 0, stdout: first.stdout, changes: [] });
    expect(await read(world, 'cm', 'c', '-n', 'a')).toEqual(before);
  });

  test.each([
    ['a Secret by stringData', 'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: a}\nstringData: {k: v}\n'],
    ['an empty field', map('{}')],
    ['a field that is null', map('{a: null, b: x}')],
    [
      'a list without names',
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: a}\nspec: {policyTypes: [Ingress], podSelector: {}}\n',
    ],
  ])('%s is the same the second time', async (_what, text) => {
    const world = new KubeWorld();
    await world.apply(namespace);
    expect((await world.apply(text)).changes).toHaveLength(1);
    expect((await world.apply(text)).changes).toEqual([]);
  });

  test('a field of another manager is a conflict, and nothing is written', async () => {
    const world = new KubeWorld();
    await world.apply(`${namespace}---\n${map('{a: b, c: d}')}`);
    const told = await world.apply(map('{a: x, c: y}'), '--field-manager=other');
    expect(told).toMatchObject({ exit: 1, changes: [] });
    expect(told.stderr).toContain('Apply failed with 2 conflicts: conflicts with "kubectl":\n- .data.a\n- .data.c\n');
    expect((await read(world, 'cm', 'c', '-n', 'a')).data).toEqual({ a: 'b', c: 'd' });
  });

  test('the same value may have two managers; forced, a field changes hands', async () => {
    const world = new KubeWorld();
    await world.apply(`${namespace}---\n${map('{a: b}')}`);
    expect((await world.apply(map('{a: b}'), '--field-manager=other')).exit).toBe(0);
    expect((await world.apply(map('{a: x}'), '--field-manager=third', '--force-conflicts')).exit).toBe(0);
    // The first manager lets go of what it no longer names, and the third keeps its field.
    expect((await world.apply(map('{z: z}'))).exit).toBe(0);
    expect((await read(world, 'cm', 'c', '-n', 'a')).data).toEqual({ a: 'x', z: 'z' });
  });

  test('a field that its only manager no longer names goes', async () => {
    const world = new KubeWorld();
    await world.apply(`${namespace}---\n${map('{a: b, c: d}')}`);
    await world.apply(map('{a: b}'));
    expect((await read(world, 'cm', 'c', '-n', 'a')).data).toEqual({ a: 'b' });
  });

  test('uid stays; a kind without a spec has no generation', async () => {
    const world = new KubeWorld();
    await world.apply(`${namespace}---\n${map('{a: b}')}`);
    const one = await read(world, 'cm', 'c', '-n', 'a');
    await world.apply(map('{a: c}'));
    const other = await read(world, 'cm', 'c', '-n', 'a');
    expect(other.metadata).toMatchObject({
      uid: one.metadata['uid'],
      creationTimestamp: one.metadata['creationTimestamp'],
    });
    expect(other.metadata).not.toHaveProperty('generation');
    expect(other.metadata['resourceVersion']).not.toBe(one.metadata['resourceVersion']);
  });

  test('a server dry run writes nothing', async () => {
    const world = new KubeWorld();
    const told = await world.apply(namespace, '--dry-run=server');
    expect(told).toMatchObject({ exit: 0, stdout: 'namespace/a serverside-applied (server dry run)\n', changes: [] });
    expect((await world.kubectl('get', 'ns', 'a')).exit).toBe(1);
  });

  test('a missing namespace is told; the other objects are applied', async () => {
    const world = new KubeWorld();
    const told = await world.apply(`${map('{a: b}')}---\n${namespace.replace('name: a', 'name: b')}`);
    expect(told).toMatchObject({
      exit: 1,
      stdout: 'namespace/b serverside-applied\n',
      stderr: 'Error from server (NotFound): namespaces "a" not found\n',
    });
  });

  test('a Lease is renewed without being counted', async () => {
    const world = new KubeWorld();
    const lease = (at: string): string =>
      `apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l, namespace: kube-system}\nspec: {renewTime: "${at}"}\n`;
    expect((await world.apply(lease('1'))).changes).toEqual([]);
    expect((await world.apply(lease('2'))).changes).toEqual([]);
    expect(
      (await world.kubectl('get', 'lease', 'l', '-n', 'kube-system', '-o', 'jsonpath={.spec.renewTime}')).stdout,
    ).toBe('2');
  });

  test('data that is no base64 is refused, as the API server does', async () => {
    const world = new KubeWorld();
    const told = await world.apply(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\ndata: {k: "op://x"}\n',
    );
    expect(told).toMatchObject({ exit: 1, changes: [] });
    expect(told.stderr).toContain('illegal base64 data at input byte 2');
  });

  test('a probe that would change something is a bug', async () => {
    const world = new KubeWorld();
    await expect(
      world.run('kubectl', ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'apply', '-f', '-'], {
        stdin: namespace,
        probe: true,
      }),
    ).rejects.toThrow(LabBug);
  });

  test('after SIGKILL nothing more is written', async () => {
    const world = new KubeWorld();
    const told = await world.run(
      'kubectl',
      ['--kubeconfig', '/home/op/kube', '--context', 'infra', 'apply', '--server-side', '-f', '-'],
      { stdin: `${namespace}---\n${map('{a: b}')}`, killAfter: 150 },
    );
    expect(told).toMatchObject({ exit: null, changes: ['namespace/a created'] });
    expect((await world.kubectl('get', 'cm', 'c', '-n', 'a')).exit).toBe(1);
  });
});
