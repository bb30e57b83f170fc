import type { Facts, Past } from '@coldstart/contract';
import { describe, expect, it } from 'vitest';
import {
  asList,
  example,
  fakeReader,
  inMemory,
  KUBECONFIG,
  lookWith,
  unnamed,
  type Answers,
} from '../../../packages/tools/test/fakes.ts';
import { failureOf } from '../../../packages/tools/test/recording.ts';
import { helmfilePlugin } from '../src/index.ts';
import { clusterGuard } from '../src/guards/cluster.ts';
import { namespaces, namespacesTransform } from '../src/steps/namespaces.ts';
import { releases } from '../src/steps/releases.ts';
import { secrets } from '../src/steps/secrets.ts';
import { tools } from '../src/steps/tools.ts';
import { survey } from '../src/survey/index.ts';
import type { Release, SecretFile } from '../src/survey/types.ts';
import { helmfile, helmfileFailure, parseHelmfileVersion } from '../src/tool.ts';
import { recording } from '../../../packages/tools/test/recording.ts';

const surveyed = async () => ({
  'kubernetes/kubeconfig': KUBECONFIG,
  ...(await survey.run({ cluster: 'infra', files: example(), config: {}, facts: {} })).facts,
});

describe('every argv names kubeconfig and context', async () => {
  const facts = await surveyed();
  const changing = helmfilePlugin.steps.filter((s) => s.kind === 'change');
  it.each(changing.map((s) => [s.id, s] as const))('%s', (_, step) => {
    const items = step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }];
    const calls = items.flatMap(({ key, item }) => [
      ...step.plan({ key, item, facts }),
      ...(step.prepare?.({ key, item, facts }) ?? []),
    ]);
    expect(calls.length).toBeGreaterThan(0);
    expect(unnamed(calls as never)).toEqual([]);
  });
  it.each(changing.map((s) => [s.id, s] as const))('%s plans the same twice, and guards what it changes', (_, step) => {
    for (const { key, item } of step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }]) {
      const plan = step.plan({ key, item, facts });
      expect(step.plan({ key, item, facts })).toEqual(plan);
      for (const action of plan) expect(action.guard).toEqual(action.risk === 'read' ? [] : ['helmfile/cluster']);
    }
  });
});

describe('helmfile/tools', () => {
  const all = { helmfile: '1.8.0', helm: '4.3.0', kubectl: '1.36.3', op: '2.30.0' };
  const look = async (
    installed: Record<string, string | null>,
    answers: Answers = { 'op account list': { stdout: '[{}]' } },
    env = {},
  ) => tools.observe(lookWith(fakeReader(answers, { tools: installed, env }), await surveyed(), undefined));
  it('is done when all are there', async () =>
    expect(await look(all)).toMatchObject({ state: 'done', deviations: [] }));
  it('tells everything that is missing at once', async () => {
    expect(await look({ kubectl: '1.36.3' })).toMatchObject({
      state: 'blocked',
      cause: 'helmfile is not on the PATH; helm is not on the PATH; op is not on the PATH',
    });
  });
  it('tells a version that nobody tried, and goes on', async () => {
    expect(await look({ ...all, helm: '3.17.0' })).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining('helm 3.17.0')],
    });
  });
  it('wants op to have an account', async () => {
    expect(await look(all, { 'op account list': { stdout: '[]' } })).toMatchObject({
      state: 'blocked',
      cause: '1Password: no account and no token',
      remedy: expect.stringContaining('op signin'),
    });
  });
  it('or a token', async () => {
    expect(await look(all, {}, { OP_SERVICE_ACCOUNT_TOKEN: 'x' })).toMatchObject({ state: 'done' });
  });
  it('wants a key that decrypts, where Secrets are SOPS files', async () => {
    const facts = { ...(await surveyed()), 'helmfile/secrets': [{ path: 's.sops.yaml', by: 'sops', secrets: [] }] };
    const world = fakeReader(
      { 'sops -d': { exit: 128, stderr: recording('sops/decrypt-no-key').stderr } },
      { tools: { ...all, sops: '3.13.3' } },
    );
    expect(await tools.observe(lookWith(world, facts, undefined))).toMatchObject({
      state: 'blocked',
      cause: 's.sops.yaml: none of the keys at hand decrypts it',
    });
  });
});

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

describe('helmfile/secrets', async () => {
  const facts = await surveyed();
  const [{ item } = { item: undefined as never }] = secrets.forEach?.(facts) ?? [];
  const file = item as SecretFile;
  const live = (digestOf: (name: string) => string | undefined) => (probe: { argv: string[] }) => {
    const namespace = probe.argv[probe.argv.indexOf('-n') + 1];
    return {
      stdout: asList(
        file.secrets
          .filter((s) => s.namespace === namespace && digestOf(s.name) !== undefined)
          .map((s) => ({
            kind: 'Secret',
            metadata: { name: s.name, namespace, annotations: { 'coldstart.io/template': digestOf(s.name) } },
            data: { x: 'c2VjcmV0LXZhbHVl' },
          })),
      ),
    };
  };
  const right = (name: string): string => file.secrets.find((s) => s.name === name)?.digest ?? '';
  const look = async (answer: Answers[string]) => {
    const world = fakeReader({ 'get secrets': answer });
    const seen = await secrets.observe(lookWith(world, facts, file, { key: file.path }));
    expect(unnamed(world.asked)).toEqual([]);
    expect(JSON.stringify(seen)).not.toMatch(/c2VjcmV0|secret-value/);
    return seen;
  };
  it('is done by annotation, without reading 1Password', async () => {
    expect(await look(live(right))).toMatchObject({ state: 'done' });
  });
  it('names one that is missing, and one of another template', async () => {
    expect(
      await look(live((n) => (n === 'sops-age' ? undefined : n === 'cluster-secrets' ? 'other' : right(n)))),
    ).toMatchObject({
      state: 'needed',
      cause: 'flux-system/cluster-secrets is made from another template, or by hand, flux-system/sops-age is missing',
    });
  });
  it('is unknown where the API does not answer', async () => {
    expect(await look({ exit: 1, stderr: recording('kubectl/refused').stderr })).toMatchObject({ state: 'unknown' });
  });
  it('reads with op, and hands over by reference: no value in any argv', () => {
    const [read, apply] = secrets.kind === 'change' ? secrets.plan({ key: file.path, item: file, facts }) : [];
    expect(read).toMatchObject({
      tool: 'op',
      argv: ['inject', '-i', 'bootstrap/infra/secrets.yaml.tpl'],
      risk: 'read',
      out: { secret: true, keep: 'none' },
    });
    expect(apply).toMatchObject({
      tool: 'kubectl',
      stdin: { fn: 'helmfile/fill-secrets', in: [{ ref: 'out/filled' }, { read: 'bootstrap/infra/secrets.yaml.tpl' }] },
    });
    expect(apply?.do === 'exec' && apply.argv.every((a) => typeof a === 'string')).toBe(true);
  });
  it('reads a SOPS file with sops', () => {
    const sops: SecretFile = {
      path: 'bootstrap/infra/secrets.sops.yaml',
      by: 'sops',
      secrets: [{ namespace: 'x', name: 'a', digest: 'd' }],
    };
    const [read] = secrets.kind === 'change' ? secrets.plan({ key: sops.path, item: sops, facts }) : [];
    expect(read).toMatchObject({ tool: 'sops', argv: ['-d', 'bootstrap/infra/secrets.sops.yaml'] });
  });
});

describe('helmfile/releases', async () => {
  const facts: Facts = await surveyed();
  const cilium = (facts['helmfile/releases'] as unknown as Release[])[0] as Release;
  const helm = (over: object | null) =>
    JSON.stringify(
      over === null
        ? []
        : [
            {
              name: 'cilium',
              namespace: 'kube-system',
              revision: '1',
              updated: '2026-11-21 00:39:30.5 +0000 UTC',
              status: 'deployed',
              chart: 'cilium-1.20.2',
              app_version: '1.20.2',
              ...over,
            },
          ],
    );
  const daemonset = (ready: number, labels = {}) => ({
    kind: 'DaemonSet',
    metadata: {
      name: 'cilium',
      namespace: 'kube-system',
      generation: 1,
      labels,
      annotations: { 'meta.helm.sh/release-name': 'cilium', 'meta.helm.sh/release-namespace': 'kube-system' },
    },
    status: {
      observedGeneration: 1,
      desiredNumberScheduled: 3,
      updatedNumberScheduled: 3,
      numberReady: ready,
      numberAvailable: ready,
    },
  });
  const stranger = {
    kind: 'Deployment',
    metadata: { name: 'other', namespace: 'kube-system', generation: 1 },
    spec: { replicas: 1 },
    status: {},
  };
  const NO_FLUX = { exit: 1, stderr: `error: the server doesn't have a resource type "helmreleases"` };
  const look = async (release: string, workloads: object[], flux: Answers[string] = NO_FLUX, past: Past[] = []) => {
    const world = fakeReader({
      'helm --kubeconfig': { stdout: release },
      'get deployments,daemonsets,statefulsets': { stdout: asList(workloads) },
      'get helmreleases': flux,
    });
    const seen = await releases.observe(lookWith(world, facts, cilium, { key: 'kube-system/cilium', past }));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const past = (outcome: Past['outcome']): Past => ({
    run: 'r',
    step: 'helmfile/releases',
    item: 'kube-system/cilium',
    action: 'sync',
    outcome,
    at: '2026-11-21T00:39:00.000Z',
  });

  it('goes by needs, without what is not installed', () => {
    expect(releases.forEach?.(facts).map((i) => [i.key, i.after])).toEqual([
      ['kube-system/cilium', []],
      ['kube-system/coredns', ['kube-system/cilium']],
      ['cert-manager/cert-manager', ['kube-system/coredns']],
      ['external-secrets/external-secrets', ['cert-manager/cert-manager']],
      ['flux-system/flux-operator', ['cert-manager/cert-manager', 'external-secrets/external-secrets']],
      ['flux-system/flux-instance', ['flux-system/flux-operator']],
    ]);
    expect(releases.limit?.(facts)).toEqual({ n: 1, hold: 'settled', onFailure: 'stop' });
  });
  it('sends one release to helmfile', () => {
    const [sync] = releases.kind === 'change' ? releases.plan({ key: 'kube-system/cilium', item: cilium, facts }) : [];
    expect(sync?.do === 'exec' && sync.argv.join(' ')).toBe(
      '--file bootstrap/infra/helmfile.d/01-apps.yaml --kubeconfig ../../../kubernetes/kubeconfig --kube-context infra --selector name=cilium,namespace=kube-system sync --skip-needs',
    );
    expect(sync).toMatchObject({ risk: 'change', deadline: 660_000, target: 'kube-system/cilium' });
  });
  it.each([
    ['is needed where there is none', helm(null), [], 'needed', /is not installed/],
    ['is done where deployed and Ready', helm({}), [daemonset(3), stranger], 'done', /^$/],
    ['waits for its pods', helm({}), [daemonset(2)], 'converging', /DaemonSet kube-system\/cilium: 2 of 3 ready/],
    ['is needed after it failed', helm({ status: 'failed' }), [daemonset(0)], 'needed', /is failed/],
    ['is needed at an older version', helm({ chart: 'cilium-1.19.5' }), [daemonset(3)], 'needed', /cilium-1\.19\.5/],
    [
      'never goes back a version',
      helm({ chart: 'cilium-1.21.0' }),
      [daemonset(3)],
      'blocked',
      /newer than the helmfile/,
    ],
    [
      'waits for another helm',
      helm({ status: 'pending-install' }),
      [],
      'converging',
      /pending-install since 30 s: another helm may be at work/,
    ],
    [
      'does not wait for ever',
      helm({ status: 'pending-install', updated: '2026-11-20 00:00:00 +0000 UTC' }),
      [],
      'blocked',
      /ended in the middle/,
    ],
    ['waits for an uninstall', helm({ status: 'uninstalling' }), [], 'converging', /uninstalling/],
    ['knows nothing from garbage', 'NAME', [], 'unknown', /no readable JSON/],
  ])('%s', async (_, release, workloads, state, cause) => {
    const seen = await look(release, workloads);
    expect(seen.state).toBe(state);
    expect(seen.cause ?? '').toMatch(cause);
  });
  it('does not wait for a helm that it knows was interrupted, and names the way out', async () => {
    const seen = await look(helm({ status: 'pending-install' }), [], NO_FLUX, [past('open')]);
    expect(seen).toMatchObject({ state: 'blocked', page: 'helm-release-pending' });
    expect(seen.remedy).toContain(
      'helm uninstall cilium -n kube-system --kubeconfig kubernetes/kubeconfig --kube-context infra',
    );
    const upgrade = await look(helm({ status: 'pending-upgrade', revision: '4' }), [], NO_FLUX, [past('unknown')]);
    expect(upgrade.remedy).toContain('helm rollback cilium');
    expect((await look(helm({ status: 'pending-install' }), [], NO_FLUX, [past('open'), past('ok')])).state).toBe(
      'converging',
    );
  });
  it('leaves a release whose workloads Flux owns, whatever its version or state', async () => {
    const labels = { 'helm.toolkit.fluxcd.io/name': 'cilium', 'helm.toolkit.fluxcd.io/namespace': 'kube-system' };
    for (const release of [helm({ chart: 'cilium-1.30.0' }), helm({ status: 'pending-upgrade' }), helm(null)]) {
      const seen = await look(release, [daemonset(1, labels)]);
      expect(seen.state).toBe('done');
      expect(seen.signals[0]?.observed).toBe('owned by HelmRelease kube-system/cilium: left as it is');
    }
  });
  it('leaves a release without workloads that a HelmRelease manages', async () => {
    const owner = (spec: object) => ({
      stdout: asList([{ kind: 'HelmRelease', metadata: { name: 'cilium', namespace: 'flux-system' }, spec }]),
    });
    expect(
      (
        await look(
          helm({ chart: 'cilium-1.19.0' }),
          [],
          owner({ releaseName: 'cilium', targetNamespace: 'kube-system' }),
        )
      ).state,
    ).toBe('done');
    // Without a release name, Flux puts the target namespace in front: another release.
    expect((await look(helm({ chart: 'cilium-1.19.0' }), [], owner({ targetNamespace: 'kube-system' }))).state).toBe(
      'needed',
    );
  });
  it('does not act where it cannot tell whether Flux owns it', async () => {
    expect(
      (await look(helm({ status: 'failed' }), [], { exit: 1, stderr: 'etcdserver: request timed out' })).state,
    ).toBe('unknown');
  });
  it('gathers why pods do not run', async () => {
    const pod = {
      kind: 'Pod',
      metadata: { name: 'cilium-x' },
      status: {
        phase: 'Pending',
        containerStatuses: [
          { name: 'agent', state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } },
        ],
      },
    };
    const event = (at: string, message: string, type = 'Warning') => ({
      kind: 'Event',
      type,
      metadata: { name: at },
      lastTimestamp: at,
      reason: 'Failed',
      message,
      involvedObject: { kind: 'Pod', name: 'cilium-x' },
    });
    const neighbour = { ...pod, metadata: { name: 'coredns-y' } };
    const world = fakeReader({
      'helm ': { stdout: '[]' },
      'get deployments': { stdout: asList([daemonset(0)]) },
      'get pods': { stdout: asList([neighbour, pod]) },
      'get events': {
        stdout: asList([
          event('2026-11-21T00:00:00Z', 'old'),
          event('2026-11-21T00:01:00Z', 'new'),
          event('2026-11-21T00:02:00Z', 'pulled', 'Normal'),
        ]),
      },
    });
    const signals = await releases.diagnose?.(lookWith(world, facts, cilium));
    expect(signals?.map((s) => [s.name, s.observed])).toEqual([
      ['pod', 'agent: ImagePullBackOff: not found'],
      ['event', 'Failed: new'],
      ['event', 'Failed: old'],
      ["neighbour's pod", 'agent: ImagePullBackOff: not found'],
    ]);
    expect(releases.explain?.(signals ?? [])).toMatchObject({
      cause: 'kube-system/cilium-x cannot get its image: agent: ImagePullBackOff: not found',
      page: 'image-pull',
    });
    expect(releases.explain?.(signals?.slice(3) ?? [])).toBeUndefined();
    expect(unnamed(world.asked)).toEqual([]);
  });
});

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

describe('helmfile, the tool', () => {
  it('reads its version', () => expect(parseHelmfileVersion(recording('helmfile/version').stdout)).toBe('1.8.0'));
  it.each([
    ['--file x.yaml --kube-context sync template', true],
    ['--file x.yaml list --output json', true],
    ['--file x.yaml sync --skip-needs', false],
    ['--file x.yaml template --validate', false],
    ['--file x.yaml template --output-dir y', false],
    ['--file x.yaml destroy', false],
  ])('%s only reads: %s', (line, reads) => expect(helmfile.reads(line.split(' '))).toBe(reads));
  it.each([
    ['helmfile/needs-circular', 'fatal', /circle/],
    ['helmfile/needs-missing', 'fatal', /a release that is not there/],
    ['helmfile/unknown-selector', 'fatal', /no release of this name/],
    ['helmfile/missing-values', 'fatal', /is not there/],
    ['helmfile/missing-file', 'fatal', /is not there/],
    ['helmfile/required-env', 'fatal', /environment variable/],
    ['helmfile/bad-yaml', 'fatal', /cannot read/],
    ['helmfile/no-such-context', 'fatal', /no such context/],
    ['helmfile/apply-without-diff-plugin', 'fatal', /helm-diff/],
    [
      'helmfile/pull-half',
      'fatal',
      /^half of a chart lies in the cache of helmfile, at \/home\/op\/\.cache\/helmfile\/oci__127_0_0_2_5055\/charts\/chart\/0\.1\.0: /,
    ],
    ['helm/upgrade-over-pending', 'fatal', /in progress, or was ended/],
    ['helm/wait-timeout', 'ambiguous', /not Ready in time/],
  ])('%s is %s', (name, kind, cause) => {
    const judged = helmfileFailure(failureOf(name));
    expect(judged.kind).toBe(kind);
    expect(judged.cause).toMatch(cause);
  });
  it('a chart that another helmfile fetches is tried again', () => {
    // After the source of helmfile 1.8 (pkg/state, acquireExclusiveLock).
    const text = 'timeout waiting for exclusive file lock on chart /home/op/.cache/helmfile/x/1.0.0 after 30s';
    expect(helmfileFailure({ how: 'exit', exit: 1, text })).toMatchObject({ kind: 'transient', page: 'chart' });
  });
});
