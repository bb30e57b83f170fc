import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Done, Facts, Observation } from '@coldstart/contract';
import { kubeconfig } from '../../src/steps/kubeconfig.ts';
import { vip } from '../../src/steps/vip.ts';
import { fakeWorld, lookAs } from '../fake.ts';
import { textOf } from '../repository.ts';
import { facts, nodeNamed, err, refused, ready } from './common.ts';

const caOf = (): string =>
  (parse(textOf(nodeNamed('infra-01').config)) as { cluster: { ca: { crt: string } } }).cluster.ca.crt;

const kube = (server: string, ca = caOf()): string =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'infra', cluster: { server, 'certificate-authority-data': ca } }],
    users: [{ name: 'admin@infra', user: { token: 'x' } }],
    contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'admin@infra' } }],
  });

const PATH = 'kubernetes/kubeconfig';

describe('the kubeconfig', () => {
  const look = (file: string | null, kubectl: (argv: string[]) => Done = ready): Promise<Observation> =>
    kubeconfig.observe(lookAs(fakeWorld({}, { files: { [PATH]: file }, kubectl }), facts, undefined, 'cluster'));

  test.each<[string, string | null, RegExp]>([
    ['no file', null, /not there/],
    ['no such context', kube('https://192.0.2.11:6443').replaceAll('infra', 'apps'), /no such context/],
    ['an address of another cluster', kube('https://203.0.113.9:6443'), /none of this cluster/],
    ['no credentials', kube('https://192.0.2.11:6443').replace('token: x', '{}'), /no credentials/],
  ])('%s: needed', async (_what, file, cause) => {
    const seen = await look(file);
    expect(seen.state).toBe('needed');
    expect(seen.cause).toMatch(cause);
  });
  test('another cluster’s CA behind the same name: needed, and a deviation', async () => {
    const seen = await look(
      kube(
        'https://192.0.2.11:6443',
        /crt: (\S+)/.exec(textOf('clusters/apps/talos/clusterconfig/apps-apps-01.yaml'))?.[1],
      ),
    );
    expect(seen).toMatchObject({ state: 'needed', deviations: [expect.stringContaining('another CA')] });
  });
  test.each([
    ['a node', 'https://192.0.2.12:6443'],
    ['the virtual address', 'https://192.0.2.10:6443'],
  ])('right, through %s: done', async (_what, server) => {
    expect(await look(kube(server))).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/credentials': { path: PATH, context: 'infra', server } },
    });
  });
  test('right, while the API is away: done; talos/api waits for that', async () =>
    expect((await look(kube('https://192.0.2.11:6443'), () => refused)).state).toBe('done'));
  test('rejected by the API: needed', async () =>
    expect(
      (
        await look(kube('https://192.0.2.11:6443'), () =>
          err('error: You must be logged in to the server (Unauthorized)'),
        )
      ).state,
    ).toBe('needed'));

  test('the plan: fetched from the bootstrap node into memory, merged into the file, 0600', () => {
    const [fetch, merge] = kubeconfig.plan({ key: 'cluster', item: undefined, facts });
    expect(fetch).toMatchObject({
      risk: 'read',
      out: { as: 'kubeconfig', secret: true, keep: 'none' },
      guard: ['talos/identity'],
    });
    expect(merge).toMatchObject({
      do: 'merge',
      path: PATH,
      mode: 0o600,
      in: [{ ref: 'out/kubeconfig' }],
      with: { context: 'infra', server: 'https://192.0.2.11:6443' },
    });
  });

  describe('and the cluster’s endpoint', () => {
    const endpoint = (server: string, answer: (argv: string[]) => Done, use: Facts = facts): Promise<Observation> =>
      vip.observe(
        lookAs(fakeWorld({}, { files: { [PATH]: kube(server) }, kubectl: answer }), use, undefined, 'cluster'),
      );
    const onlyNodes = (argv: string[]): Done => (argv.includes('https://192.0.2.10:6443') ? refused : ready(argv));
    test('answers: needed, then done', async () => {
      expect((await endpoint('https://192.0.2.11:6443', ready)).state).toBe('needed');
      expect((await endpoint('https://192.0.2.10:6443', ready)).state).toBe('done');
    });
    test('does not answer yet: waited for', async () =>
      expect(await endpoint('https://192.0.2.11:6443', onlyNodes)).toMatchObject({
        state: 'converging',
        page: 'vip-silent',
      }));
    test('is another’s: refused', async () =>
      expect(
        await endpoint('https://192.0.2.11:6443', () =>
          err('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
        ),
      ).toMatchObject({ state: 'blocked', refuse: true }));
    test('is not Talos’ own and does not answer: the node’s address stays, a deviation', async () => {
      const use = { ...facts, 'talos/cluster': { ...(facts['talos/cluster'] as object), vip: null } };
      expect(await endpoint('https://192.0.2.11:6443', onlyNodes, use)).toMatchObject({
        state: 'done',
        deviations: [expect.stringContaining('keeps https://192.0.2.11:6443')],
      });
    });
  });

  test('the certificate authority of the fixture is one', () =>
    expect(new X509Certificate(Buffer.from(caOf(), 'base64')).ca).toBe(true));
});
