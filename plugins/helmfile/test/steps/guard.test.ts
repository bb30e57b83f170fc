import { describe, expect, it } from 'vitest';
import {
  example,
  fakeReader,
  inMemory,
  lookWith,
  unnamed,
  type Answers,
} from '../../../../packages/tools/test/fakes.ts';
import { clusterGuard } from '../../src/guards/cluster.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { surveyed } from './common.ts';

describe('the guard', async () => {
  const facts = await surveyed();
  const look = (answers: Answers, ca?: string, kubeconfig?: string) => {
    const world = fakeReader(answers, {
      files: inMemory(
        kubeconfig === undefined
          ? {}
          : { 'kubernetes/kubeconfig': kubeconfig, 'kubernetes/ca.crt': Buffer.from(pem, 'base64').toString() },
      ),
    });
    return {
      world,
      verdict: clusterGuard.look(
        lookWith(
          world,
          { ...facts, ...(ca === undefined ? {} : { 'talos/cluster': { kubernetesCaFingerprint: ca } }) },
          undefined,
        ),
      ),
    };
  };
  const pem =
    new TextDecoder()
      .decode(await example().read('clusters/infra/talos/clusterconfig/infra-infra-01.yaml'))
      .match(/^cluster:[\s\S]*?\n {4}ca:\n {8}crt: (\S+)/m)?.[1] ?? '';
  const { X509Certificate, createHash } = await import('node:crypto');
  const fingerprint = createHash('sha256')
    .update(new X509Certificate(Buffer.from(pem, 'base64')).raw)
    .digest('hex');
  const ready = { 'get --raw /readyz': { stdout: 'ok' } };

  const kubeconfig = (cluster: object, context = 'infra') =>
    JSON.stringify({
      contexts: [
        { name: 'other', context: { cluster: 'y' } },
        { name: context, context: { cluster: 'x' } },
      ],
      clusters: [
        { name: 'y', cluster: {} },
        { name: 'x', cluster },
      ],
    });

  it.each([
    ['in the kubeconfig', kubeconfig({ 'certificate-authority-data': pem })],
    ['in a file beside it', kubeconfig({ 'certificate-authority': 'ca.crt' })],
  ])("lets pass where the CA %s is the repository's and the API answers", async (_, file) => {
    const { world, verdict } = look(ready, fingerprint, file);
    expect(await verdict).toMatchObject({ ok: true });
    expect(unnamed(world.asked)).toEqual([]);
    expect(world.asked).toHaveLength(1);
  });
  it.each([
    ['the recorded one', 'u-1', true, undefined],
    ['another', 'u-2', false, 'wrong-cluster'],
  ])('where a cluster is recorded, its kube-system has to be that one: %s', async (_, uid, ok, page) => {
    const record = JSON.stringify({ schema: 'coldstart.identity/1', cluster: 'infra', kubeSystem: 'u-1' });
    const object = { kind: 'Namespace', metadata: { name: 'kube-system', uid } };
    const world = fakeReader(
      { ...ready, 'get namespaces kube-system': { stdout: JSON.stringify(object) } },
      { files: inMemory({ '.coldstart/infra/identity.json': record }) },
    );
    const verdict = await clusterGuard.look(lookWith(world, facts, undefined));
    expect([verdict.ok, verdict.page]).toEqual([ok, page]);
  });
  it('refuses a repository whose Talos CA is not the recorded one, and asks nobody', async () => {
    const record = JSON.stringify({ schema: 'coldstart.identity/1', cluster: 'infra', talosCa: 'ab'.repeat(32) });
    const world = fakeReader(ready, { files: inMemory({ '.coldstart/infra/identity.json': record }) });
    const repository = { ...facts, 'talos/cluster': { caFingerprint: 'cd'.repeat(32) } };
    expect(await clusterGuard.look(lookWith(world, repository, undefined))).toMatchObject({
      ok: false,
      page: 'identity',
    });
    expect(world.asked).toEqual([]);
  });
  it("refuses another cluster's CA before it asks that cluster anything", async () => {
    const { world, verdict } = look(ready, 'f'.repeat(64), kubeconfig({ 'certificate-authority-data': pem }));
    expect(await verdict).toMatchObject({ ok: false, cause: expect.stringContaining('another cluster') });
    expect(world.asked).toEqual([]);
  });
  it.each([
    ['no kubeconfig', undefined],
    ['no such context', kubeconfig({ 'certificate-authority-data': pem }, 'apps')],
    ['no CA in it', kubeconfig({})],
    ['a CA that is none', kubeconfig({ 'certificate-authority-data': 'bm8=' })],
    ['a kubeconfig that is no YAML', '{'],
  ])('refuses %s', async (_, file) => {
    expect(await look(ready, fingerprint, file).verdict).toMatchObject({
      ok: false,
      cause: expect.stringContaining('no readable CA'),
    });
  });
  it('refuses an API that does not answer', async () => {
    expect(
      await look({ 'get --raw /readyz': { exit: 1, stderr: recording('kubectl/refused').stderr } }).verdict,
    ).toMatchObject({ ok: false, cause: expect.stringContaining('was refused') });
  });
});
