import { describe, expect, it } from 'vitest';
import { asList, example, fakeReader, lookWith, unnamed } from '../../../../packages/tools/test/fakes.ts';
import { namespaces, namespacesTransform } from '../../src/steps/namespaces.ts';
import { surveyed } from './common.ts';

describe('helmfile/namespaces', () => {
  const live = (names: string[], over: Record<string, object> = {}) =>
    asList(
      names.map((name) => ({ kind: 'Namespace', metadata: { name }, status: { phase: 'Active' }, ...over[name] })),
    );
  const wanted = ['cert-manager', 'external-secrets', 'flux-system', 'observability'];
  const look = async (stdout: string, files = example()) => {
    const world = fakeReader({ 'get namespaces': { stdout } }, { files });
    const seen = await namespaces.observe(lookWith(world, await surveyed(), undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  it('is done when all are there', async () =>
    expect(await look(live(wanted))).toMatchObject({ state: 'done', facts: { 'helmfile/namespaces-ready': wanted } }));
  it('tells which cluster it is, by the UID of kube-system', async () => {
    const own = { 'kube-system': { metadata: { name: 'kube-system', uid: 'u-1' } } };
    expect(await look(live([...wanted, 'kube-system'], own))).toMatchObject({
      state: 'done',
      pins: [{ at: ['kubeSystem'], value: 'u-1' }],
    });
    expect(await look(live(wanted))).not.toHaveProperty('pins');
  });
  it('names what is missing', async () =>
    expect(await look(live(wanted.slice(1)))).toMatchObject({ state: 'needed', cause: 'cert-manager is missing' }));
  it('takes an empty answer for nothing there', async () => expect((await look('')).state).toBe('needed'));
  it('waits for one that is going', async () => {
    expect(
      await look(
        live(wanted, { observability: { metadata: { name: 'observability' }, status: { phase: 'Terminating' } } }),
      ),
    ).toMatchObject({ state: 'converging', cause: 'being deleted: observability' });
  });
  it('wants the labels of the manifest, unless Flux has it', async () => {
    const manifest = 'bootstrap/infra/resources/namespaces.yaml';
    const files = example({
      [manifest]:
        'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: observability\n  labels:\n    pod-security.kubernetes.io/enforce: privileged\n',
    });
    expect(await look(live(wanted), files)).toMatchObject({
      state: 'needed',
      cause: 'observability is without label pod-security.kubernetes.io/enforce=privileged',
    });
    const owned = {
      observability: { metadata: { name: 'observability', labels: { 'kustomize.toolkit.fluxcd.io/name': 'x' } } },
    };
    expect((await look(live(wanted, owned), files)).state).toBe('done');
  });
  it('applies the manifest and the rest in one stream', () => {
    const manifest = new TextEncoder().encode(
      'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  labels: {x: y}\n',
    );
    const out = new TextDecoder().decode(namespacesTransform([manifest], { names: ['a', 'b'] }));
    expect(
      out
        .split('---\n')
        .filter((t) => t !== '')
        .map((t) => JSON.parse(t).metadata),
    ).toEqual([{ name: 'a', labels: { x: 'y' } }, { name: 'b' }]);
  });
});
