/**
 * Flux for real: source-, kustomize- and helm-controller against a real API server, a Git server and a registry, asked by the
 * real flux and kubectl, and read by the plugin's own parsers and steps. Simulated are flux-operator (flux/operator.ts) and
 * what runs in pods; notification-controller is a Deployment without a process.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fluxOwner, parseObjects, parseReleases } from '@coldstart/tools';
import type { Json } from '@coldstart/contract';
import type { KubeObject } from '@coldstart/tools';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { lookWith } from '../../packages/tools/test/fakes.ts';
import { recording } from '../../packages/tools/test/recording.ts';
import { FluxSection } from '../../plugins/flux/src/config.ts';
import { parseCheck } from '../../plugins/flux/src/flux/check.ts';
import { fluxResource, inOrder, roots } from '../../plugins/flux/src/flux/resources.ts';
import type { FluxResource } from '../../plugins/flux/src/flux/resources.ts';
import { check } from '../../plugins/flux/src/steps/check.ts';
import { reconciled } from '../../plugins/flux/src/steps/reconciled.ts';
import { fluxGround } from './flux/fixture.ts';
import type { Ground } from './flux/fixture.ts';
import { gitRepository, kustomization, source } from './flux/objects.ts';
import { readerOf } from './flux/reader.ts';
import { remainsAfter } from './fixtures/processes.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await fluxGround(inject('toolchain'));
  await ground.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'flux-system' } });
}, 180_000);
afterAll(() => ground?.release());

const namespace = 'flux-system';
const kinds = 'gitrepositories,ocirepositories,helmrepositories,kustomizations,helmreleases';
const components = ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'];

/** An answer of the real kubectl, read by our own parser. */
const objects = async (...what: string[]): Promise<KubeObject[]> => {
  const done = await ground.ask('kubectl', ['get', ...what, '-o', 'json']);
  expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: 0, stderr: '' });
  return parseObjects(done.stdout) ?? [];
};
const resources = async (): Promise<FluxResource[]> => (await objects(kinds, '-A')).map(fluxResource);
const resource = async (kind: string, name: string): Promise<FluxResource | undefined> =>
  (await resources()).find((one) => one.kind === kind && one.id.endsWith(`/${name}`));
const soon = { timeout: 60_000, interval: 500 };

const secret = (name: string, stringData: object) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
});

const install = async (name: string, where: string, values: object): Promise<void> => {
  const file = join(ground.dir, `${name}.json`);
  await writeFile(file, JSON.stringify(values));
  const { folder = '' } = ground.charts.get(`oci://charts.example.com/${name}`) ?? {};
  const done = await ground.ask('helm', ['install', name, folder, '-n', where, '-f', file, '--wait']);
  expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: 0, stderr: '' });
};
const history = async (name: string, where: string) =>
  JSON.parse((await ground.ask('helm', ['history', name, '-n', where, '-o', 'json'])).stdout) as {
    revision: number;
    status: string;
    chart: string;
    description: string;
  }[];

const facts = () => ({ ...ground.facts, 'flux/policy': FluxSection.parse({}) as unknown as Json });
const observe = (step: typeof check | typeof reconciled) =>
  step.observe(lookWith(readerOf(ground.dir, ground.env), facts(), undefined));

describe('before a release brings Flux', () => {
  test('nothing of it runs, and flux check says what is missing', async () => {
    expect(ground.flux.processes()).toEqual({});
    const done = await ground.ask('flux', ['check']);
    expect(done.exit).toBe(1);
    expect(done.stdout).toBe('');
    expect(parseCheck(done.stderr)).toEqual([
      { ok: true, text: 'Kubernetes 1.36.3 >=1.33.0-0' },
      {
        ok: false,
        text: 'checking failed: customresourcedefinitions.apiextensions.k8s.io "gitrepositories.source.toolkit.fluxcd.io" not found',
      },
      {
        ok: false,
        text: "no controllers found in the 'flux-system' namespace with the label selector 'app.kubernetes.io/part-of=flux'",
      },
      { ok: false, text: "no crds found with the label selector 'app.kubernetes.io/part-of=flux'" },
      { ok: false, text: 'check failed' },
    ]);
  });

  test('the step flux/check waits and names the controllers; flux/reconciled knows that the kinds are missing', async () => {
    const seen = await observe(check);
    expect(seen).toMatchObject({ state: 'converging' });
    expect(seen.signals.slice(1).map(({ subject, observed }) => `${subject} ${observed}`)).toEqual(
      components.map((name) => `${name} missing`),
    );
    expect(await observe(reconciled)).toMatchObject({
      state: 'converging',
      cause: "the cluster does not know all of Flux' kinds yet",
    });
  });
});

describe('the release that brings Flux', () => {
  test('brings the controllers to life', { timeout: 120_000 }, async () => {
    await install('flux-operator', namespace, {});
    expect(ground.flux.processes()).toEqual({});
    await install('flux-instance', namespace, {
      instance: { distribution: { version: '2.x', registry: 'registry.example.com/fluxcd' }, components, cluster: {} },
    });
    const instance = async () =>
      fluxResource((await objects('fluxinstances.fluxcd.controlplane.io', '-n', namespace))[0] as KubeObject).ready;
    await expect.poll(instance, soon).toBe(true);
    expect(ground.flux).toSatisfy(({ errors, ended }) => errors().length === 0 && ended().length === 0);
    expect(Object.keys(ground.flux.processes()).sort()).toEqual(components.slice(0, 3).sort());
  });

  test('flux check passes, and says what was recorded', async () => {
    const done = await ground.ask('flux', ['check']);
    expect({ exit: done.exit, stdout: done.stdout }).toEqual({ exit: 0, stdout: '' });
    // The image is each installation's own.
    const plain = (text: string): string => text.replaceAll(/^► \S+\/fluxcd\/(\S+):v[\d.]+$/gm, '► IMAGE $1');
    expect(plain(done.stderr)).toBe(plain(recording('flux/check').stderr));
    expect(parseCheck(done.stderr)).toHaveLength(16);
    expect(parseCheck(done.stderr).every(({ ok }) => ok)).toBe(true);
    expect(await observe(check)).toMatchObject({ state: 'done' });
  });

  test('a controller ends when its Deployment wants none, and comes back with it', async () => {
    const scale = (replicas: number) =>
      ground.ask('kubectl', ['scale', 'deployment', 'helm-controller', '-n', namespace, `--replicas=${replicas}`]);
    const pid = ground.flux.processes()['helm-controller'] ?? 0;
    await scale(0);
    await expect.poll(() => Object.keys(ground.flux.processes()), soon).not.toContain('helm-controller');
    expect(await remainsAfter([pid], 15_000)).toEqual([]);
    expect(ground.flux.ended()).toEqual([]);
    await scale(1);
    await expect.poll(() => ground.flux.processes()['helm-controller'], soon).toBeGreaterThan(0);
    await expect.poll(async () => (await observe(check)).state, soon).toBe('done');
  });
});

describe('sources and Kustomizations', () => {
  let commit: string;
  const at = (): string => `main@sha1:${commit}`;

  test(
    'a branch is fetched, and what it holds is applied in the order of dependsOn',
    { timeout: 120_000 },
    async () => {
      const fleet = join(ground.dir, 'fleet');
      for (const name of ['base', 'after']) {
        await mkdir(join(fleet, name), { recursive: true });
        const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { of: 'fleet' } };
        await writeFile(join(fleet, name, 'configmap.yaml'), JSON.stringify(object));
      }
      commit = await ground.sources.git.publish('fleet', fleet, { branch: 'main' });
      await ground.apply(
        kustomization('after', './after', 'base'),
        kustomization('base', './base'),
        gitRepository('fleet', ground.sources.git.url('fleet')),
      );
      await expect.poll(async () => (await resource('Kustomization', 'after'))?.ready, soon).toBe(true);

      const found = await resources();
      expect(found.map(({ kind, id, ready, why, revision }) => ({ kind, id, ready, why, revision }))).toEqual([
        { kind: 'GitRepository', id: 'flux-system/fleet', ready: true, why: '', revision: at() },
        { kind: 'Kustomization', id: 'flux-system/after', ready: true, why: '', revision: at() },
        { kind: 'Kustomization', id: 'flux-system/base', ready: true, why: '', revision: at() },
      ]);
      const ordered = inOrder(found.filter(({ kind }) => kind === 'Kustomization'));
      expect(ordered.map(({ id }) => id)).toEqual(['flux-system/base', 'flux-system/after']);
      const [base = '', after = ''] = ordered.map(({ since }) => since);
      expect(base <= after).toBe(true);
      expect((await objects('configmaps', '-n', namespace)).map((one) => [one.metadata.name, fluxOwner(one)])).toEqual(
        expect.arrayContaining([
          ['base', 'Kustomization flux-system/base'],
          ['after', 'Kustomization flux-system/after'],
        ]),
      );
      expect(await observe(reconciled)).toMatchObject({ state: 'done' });
    },
  );

  test('a new commit is applied when flux is told to look', async () => {
    const fleet = join(ground.dir, 'fleet');
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'base', namespace }, data: { of: 'two' } };
    await writeFile(join(fleet, 'base/configmap.yaml'), JSON.stringify(object));
    commit = await ground.sources.git.publish('fleet', fleet, { branch: 'main' });
    const done = await ground.ask('flux', ['reconcile', 'kustomization', 'base', '--with-source']);
    expect({ exit: done.exit, stdout: done.stdout }).toEqual({ exit: 0, stdout: '' });
    expect(done.stderr.replaceAll(commit, 'COMMIT')).toBe(
      recording('flux/reconcile-ks')
        .stderr.replaceAll(/[0-9a-f]{40}/g, 'COMMIT')
        .replaceAll('k8s-ops', 'fleet')
        .replaceAll('Kustomization cluster', 'Kustomization base'),
    );
    expect((await resource('Kustomization', 'base'))?.revision).toBe(at());
  });

  test('what fails is told with the reason of the one who failed', { timeout: 120_000 }, async () => {
    const { url, credentials } = ground.sources.git;
    await ground.apply(
      secret('right', credentials),
      secret('wrong', { ...credentials, password: 'another' }),
      // What a repository's own deploy key is: over http it says nothing.
      secret('ssh', { identity: 'x', known_hosts: 'y' }),
      gitRepository('right-key', url('fleet', 'closed'), 'main', 'right'),
      gitRepository('ssh-key', url('fleet'), 'main', 'ssh'),
      gitRepository('bad-branch', url('fleet'), 'release'),
      gitRepository('wrong-key', url('fleet', 'closed'), 'main', 'wrong'),
      gitRepository('unread-key', url('fleet', 'closed'), 'main', 'ssh'),
      gitRepository('no-secret', url('fleet'), 'main', 'nothere'),
      gitRepository('missing', url('nothere')),
      gitRepository('refused', 'http://127.0.0.1:9/fleet.git'),
      kustomization('bad-path', './nothere'),
      kustomization('waits', './after', 'bad-path'),
    );
    const told = async () =>
      Object.fromEntries(
        (await resources()).map(({ id, why }) => [
          id.split('/')[1],
          why
            .replaceAll(url('fleet', 'closed'), 'CLOSED')
            .replaceAll(url('fleet'), 'OPEN')
            .replaceAll(url('nothere'), 'MISSING')
            .replace(/stat \S+\/kustomization-\d+/, 'stat TEMPORARY'),
        ]),
      );
    const clone = 'GitOperationFailed: failed to checkout and determine revision: unable to clone';
    await expect.poll(told, { timeout: 60_000, interval: 1_000 }).toEqual({
      fleet: '',
      after: '',
      base: '',
      'right-key': '',
      'ssh-key': '',
      'bad-branch': `${clone} 'OPEN': couldn't find remote ref "refs/heads/release"`,
      'wrong-key': `${clone} 'CLOSED': authentication required: `,
      'unread-key': `${clone} 'CLOSED': authentication required: `,
      'no-secret':
        "AuthenticationFailed: failed to get secret 'flux-system/nothere': failed to get secret 'flux-system/nothere': secrets \"nothere\" not found",
      missing: `${clone} 'MISSING': repository not found: `,
      refused: `${clone} 'http://127.0.0.1:9/fleet.git': Get "http://127.0.0.1:9/fleet.git/info/refs?service=git-upload-pack": dial tcp 127.0.0.1:9: connect: connection refused`,
      'bad-path': 'ArtifactFailed: kustomization path not found: stat TEMPORARY/nothere: no such file or directory',
      waits: "DependencyNotReady: dependency 'flux-system/bad-path' is not ready",
    });

    // The reason of what only waits is not told as a cause.
    const bad = await resources();
    expect(roots(bad.filter(({ kind }) => kind === 'Kustomization')).map(({ id }) => id)).toEqual([
      'flux-system/bad-path',
    ]);
    const seen = await observe(reconciled);
    expect(seen).toMatchObject({ state: 'converging', page: 'flux-not-ready' });
    const cause = 'cause' in seen ? seen.cause : '';
    expect(cause).toContain('GitRepository flux-system/bad-branch: GitOperationFailed: ');
    expect(cause).toContain('couldn\'t find remote ref "refs/heads/release"');
    expect(cause).toContain('authentication required');
    expect(cause).toMatch(/; 1 more wait for them$/);
    expect(cause).not.toContain('flux-system/waits');
  });

  test('a name that nobody knows is told as a matter of DNS', { timeout: 120_000 }, async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const part = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
    const known = Buffer.concat(
      [Buffer.from('ssh-ed25519'), Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')].map(part),
    );
    await ground.apply(
      secret('key', {
        identity: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        known_hosts: `git.invalid ssh-ed25519 ${known.toString('base64')}`,
      }),
      gitRepository('unknown-http', 'http://git.invalid/fleet.git'),
      gitRepository('unknown-ssh', 'ssh://git@git.invalid/fleet.git', 'main', 'key'),
    );
    const names = ['unknown-http', 'unknown-ssh'];
    const told = async () => {
      const found = await Promise.all(names.map((name) => resource('GitRepository', name)));
      // Which server was asked, and what it said, is each machine's own.
      return found.map((one) => one?.why.replace(/(?<=lookup git\.invalid)(?: on \S+)?: .+$/, ' on SERVER'));
    };
    const clone = 'GitOperationFailed: failed to checkout and determine revision: unable to clone';
    await expect
      .poll(told, { timeout: 60_000, interval: 1_000 })
      .toEqual([
        `${clone} 'http://git.invalid/fleet.git': Get "http://git.invalid/fleet.git/info/refs?service=git-upload-pack": dial tcp: lookup git.invalid on SERVER`,
        `${clone} 'ssh://git@git.invalid/fleet.git': dial tcp: lookup git.invalid on SERVER`,
      ]);
    expect(await observe(reconciled)).toMatchObject({
      cause: expect.stringMatching(/^cluster DNS does not (?:know|answer for) git\.invalid: /),
      page: 'dns',
    });
    for (const name of names) await ground.ask('kubectl', ['delete', 'gitrepository', name, '-n', namespace]);
  });

  test('flux get all exits 0 with all of it on the screen, as recorded', async () => {
    const done = await ground.ask('flux', ['get', 'all', '-A']);
    expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: 0, stderr: '' });
    const rows = (text: string): string[][] =>
      text
        .split('\n')
        .map((line) => line.split('\t').map((cell) => cell.trim()))
        .filter((cells) => cells.length > 1);
    const was = recording('flux/get-all-failures');
    const [header] = rows(was.stdout);
    expect(rows(done.stdout).filter(([first]) => first === 'NAMESPACE')).toEqual([header, header]);
    const told = (text: string, name: string) => {
      const [, , , suspended, ready, message = ''] = rows(text).find(([, id]) => id?.endsWith(name)) ?? [];
      const plain = message
        .replaceAll(/http:\S+\.git/g, 'URL')
        .replaceAll(/stat \S+\/kustomization-\d+\/\S+:/g, 'stat PATH:')
        .replaceAll(/(?<=sha1:)[0-9a-f]{8}/g, 'COMMIT');
      return { name, suspended, ready, plain };
    };
    for (const [name, recorded] of [
      ['gitrepository/bad-branch', 'gitrepository/bad-branch'],
      ['gitrepository/no-secret', 'gitrepository/bad-key'],
      ['gitrepository/fleet', 'gitrepository/k8s-ops'],
      ['kustomization/bad-path', 'kustomization/bad-path'],
      ['kustomization/base', 'kustomization/cluster'],
    ] as const) {
      expect(told(done.stdout, name)).toEqual({ ...told(was.stdout, recorded), name });
      expect(told(done.stdout, name).ready).toMatch(/^(True|False)$/);
    }
  });

  test('mended and told to look again, all is well', { timeout: 120_000 }, async () => {
    const names = ['bad-branch', 'wrong-key', 'unread-key', 'no-secret', 'missing', 'refused'];
    await ground.ask('kubectl', ['delete', 'gitrepositories', '-n', namespace, ...names]);
    await ground.ask('kubectl', ['delete', 'kustomizations', '-n', namespace, 'bad-path', 'waits']);
    await expect.poll(async () => (await observe(reconciled)).state, soon).toBe('done');
  });
});

describe('a release that helm installed before', () => {
  type Deployment = KubeObject & {
    metadata: { name: string; generation: number; uid: string; labels: Record<string, string> };
    spec: { template: { metadata: { labels: Record<string, string> } } };
  };
  const deployments = async (where: string, label: string) =>
    (await objects('deployments', '-n', where, '-l', `app.kubernetes.io/instance=${label}`)) as unknown as Deployment[];
  const release = (name: string, where: string, values: object) => ({
    apiVersion: 'helm.toolkit.fluxcd.io/v2',
    kind: 'HelmRelease',
    metadata: { name, namespace: where },
    spec: {
      interval: '1m',
      releaseName: name,
      targetNamespace: where,
      storageNamespace: where,
      chartRef: { kind: 'OCIRepository', name, namespace },
      install: { remediation: { retries: -1 } },
      upgrade: { cleanupOnFail: true, remediation: { retries: 3 } },
      values,
    },
  });
  const chart = (name: string, tag: string) =>
    source('OCIRepository', name, {
      url: ground.sources.charts.url(name),
      ref: { tag },
      insecure: true,
      layerSelector: { mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', operation: 'copy' },
    });
  /** Installs with helm, hands over to Flux, and waits; gives the Deployments before, and what the chart is called after. */
  const handOver = async (name: string, where: string, values: object) => {
    await ground.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: where } });
    await install(name, where, values);
    const before = await deployments(where, name);
    expect(before.length).toBeGreaterThan(0);
    const row = ground.charts.get(`oci://charts.example.com/${name}`) ?? { folder: '', version: '' };
    const digest = (await ground.sources.charts.push(row)).slice('sha256:'.length, 'sha256:'.length + 12);
    await ground.apply(chart(name, row.version), release(name, where, values));
    await expect.poll(async () => (await resource('HelmRelease', name))?.ready, soon).toBe(true);
    return { before, version: row.version, digest };
  };

  test('is taken over by one new revision that changes labels only, and then rests', { timeout: 120_000 }, async () => {
    const where = 'kube-system';
    const { before, version, digest } = await handOver('coredns', where, {
      replicaCount: 2,
      service: { clusterIP: '10.0.0.10' },
    });
    // helm-controller does not take a release as its own: it upgrades what it did not make, once, and adds to the chart's
    // version the digest of what it pulled.
    const adopted = [
      { revision: 1, status: 'superseded', chart: `coredns-${version}`, description: 'Install complete' },
      { revision: 2, status: 'deployed', chart: `coredns-${version}+${digest}`, description: 'Upgrade complete' },
    ];
    expect(await history('coredns', where)).toMatchObject(adopted);
    const listed = await ground.ask('helm', ['list', '-n', where, '--filter', '^coredns$', '-o', 'json']);
    expect(parseReleases(listed.stdout)).toMatchObject([
      { name: 'coredns', revision: 2, status: 'deployed', chart: `coredns-${version}+${digest}` },
    ]);

    // No pod is touched: neither generation nor spec has changed, only whose it is.
    const after = await deployments(where, 'coredns');
    expect(after).toHaveLength(1);
    const [was, is] = [before[0], after[0]];
    expect(was && fluxOwner(was)).toBeUndefined();
    expect(is?.metadata).toMatchObject({ uid: was?.metadata.uid, generation: was?.metadata.generation });
    expect(is?.spec).toEqual(was?.spec);
    expect(is?.metadata.labels).toEqual({
      ...was?.metadata.labels,
      'helm.toolkit.fluxcd.io/name': 'coredns',
      'helm.toolkit.fluxcd.io/namespace': where,
    });
    expect(is && fluxOwner(is)).toBe('HelmRelease kube-system/coredns');

    const again = await ground.ask('flux', ['reconcile', 'helmrelease', 'coredns', '-n', where, '--with-source']);
    expect({ exit: again.exit, stdout: again.stdout }).toEqual({ exit: 0, stdout: '' });
    expect(await history('coredns', where)).toMatchObject(adopted);
  });

  test('has its pods replaced where its chart writes the version into them', { timeout: 120_000 }, async () => {
    const where = 'external-secrets';
    const { before, version, digest } = await handOver(where, where, { installCRDs: false });
    const after = await deployments(where, where);
    expect(after.map(({ metadata }) => metadata.name)).toEqual(before.map(({ metadata }) => metadata.name));
    for (const [index, { metadata, spec }] of after.entries()) {
      expect(metadata.generation).toBe((before[index]?.metadata.generation ?? 0) + 1);
      expect(spec.template.metadata.labels).toEqual({
        ...before[index]?.spec.template.metadata.labels,
        'helm.sh/chart': `external-secrets-${version}_${digest}`,
      });
    }
  });

  test('keeps its pods where helm-controller adds no digest to the version', { timeout: 120_000 }, async () => {
    const gate = '--feature-gates=DisableChartDigestTracking=true';
    const patch = { spec: { template: { spec: { containers: [{ name: 'manager', args: [gate] }] } } } };
    const pid = ground.flux.processes()['helm-controller'];
    const argv = ['patch', 'deployment', 'helm-controller', '-n', namespace, '-p', JSON.stringify(patch)];
    expect((await ground.ask('kubectl', argv)).exit).toBe(0);
    await expect.poll(() => ground.flux.processes()['helm-controller'], soon).toSatisfy((now) => now && now !== pid);

    const where = 'cert-manager';
    const { before, version } = await handOver(where, where, { startupapicheck: { enabled: false } });
    expect(await history(where, where)).toMatchObject([
      { revision: 1, chart: `cert-manager-${version}` },
      { revision: 2, chart: `cert-manager-${version}`, description: 'Upgrade complete' },
    ]);
    const after = await deployments(where, where);
    expect(after.map(({ spec }) => spec)).toEqual(before.map(({ spec }) => spec));
    expect(after.map(({ metadata }) => metadata.generation)).toEqual(before.map(({ metadata }) => metadata.generation));
  });

  test('stays when its chart is not in the registry, and the source tells why', { timeout: 120_000 }, async () => {
    await ground.apply(chart('coredns', '9.9.9'));
    await expect
      .poll(async () => (await resource('OCIRepository', 'coredns'))?.why, soon)
      .toMatch(
        /^OCIArtifactPullFailed: failed to determine artifact digest: GET http:\/\/127\.0\.0\.1:\d+\/v2\/coredns\/manifests\/9\.9\.9: MANIFEST_UNKNOWN: Unknown manifest$/,
      );
    expect((await history('coredns', 'kube-system')).at(-1)).toMatchObject({ status: 'deployed' });
    const seen = await observe(reconciled);
    expect('cause' in seen ? seen.cause : '').toContain('OCIRepository flux-system/coredns: OCIArtifactPullFailed');
  });
});

test('what the controllers do is no change of a client', async () => {
  const changes = await ground.plane.audit.changes();
  expect([...new Set(changes.map(({ user }) => user))]).toEqual(['operator']);
});
