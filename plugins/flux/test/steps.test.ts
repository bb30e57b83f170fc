import type { Facts } from '@coldstart/contract';
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
import { failureOf, recording } from '../../../packages/tools/test/recording.ts';
import { parseConform } from '../src/flux/build.ts';
import { parseCheck } from '../src/flux/check.ts';
import { fluxResource, inOrder, roots } from '../src/flux/resources.ts';
import { fluxPlugin } from '../src/index.ts';
import { check } from '../src/steps/check.ts';
import { deployKey, secretValueTransform } from '../src/steps/deploy-key.ts';
import { handover } from '../src/steps/handover.ts';
import { trouble } from '../src/flux/trouble.ts';
import { reconciled } from '../src/steps/reconciled.ts';
import { source } from '../src/steps/source.ts';
import { tools } from '../src/steps/tools.ts';
import { survey } from '../src/survey/index.ts';
import { flux, kubeconform, kustomize } from '../src/tool.ts';

const facts: Facts = {
  'kubernetes/kubeconfig': KUBECONFIG,
  ...(await survey.run({ cluster: 'infra', files: example(), config: {}, facts: {} })).facts,
};
const digest = (facts['flux/source'] as { digest: string }).digest;
const REFUSED = { exit: 1, stderr: recording('kubectl/refused').stderr };
const absent = (kind: string) => ({ exit: 1, stderr: `error: the server doesn't have a resource type "${kind}"` });

const ready = (status = 'True', reason = 'Succeeded', message = '') => ({
  conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: '2026-11-21T00:34:11Z' }],
});
const git = (over: object = {}, status: object = { ...ready(), artifact: { revision: 'main@sha1:7c801a34' } }) => ({
  kind: 'GitRepository',
  metadata: { name: 'flux-system', namespace: 'flux-system', generation: 1 },
  spec: { url: 'ssh://git@git.example.com/k8s-ops.git', ref: { branch: 'main' }, ...over },
  status,
});
const ks = (name: string, status: object = ready(), spec: object = {}, labels: Record<string, string> = {}) => ({
  kind: 'Kustomization',
  metadata: { name, namespace: 'flux-system', generation: 1, labels },
  spec: { path: './clusters/infra/flux', ...spec },
  status: { ...status, lastAppliedRevision: 'main@sha1:7c801a34' },
});
const deployment = (name: string, available = 1) => ({
  kind: 'Deployment',
  metadata: { name, namespace: 'flux-system', generation: 1 },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: available },
});
const CONTROLLERS = ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'];

describe('every argv names kubeconfig and context', () => {
  it.each(fluxPlugin.steps.filter((s) => s.kind === 'change').map((s) => [s.id, s] as const))('%s', (_, step) => {
    const plan = step.plan({ key: 'cluster', item: undefined, facts });
    expect(plan.length).toBeGreaterThan(0);
    expect(unnamed(plan as never)).toEqual([]);
    expect(step.plan({ key: 'cluster', item: undefined, facts })).toEqual(plan);
    for (const action of plan) expect(action.guard).toEqual(action.risk === 'read' ? [] : ['helmfile/cluster']);
  });
});

it('flux/tools tells what is missing', async () => {
  const look = (installed: Record<string, string>) =>
    tools.observe(lookWith(fakeReader({}, { tools: installed }), facts, undefined));
  expect(await look({ flux: '2.9.5', kubectl: '1.36.3', git: '2.47.1', op: '2.30.0' })).toMatchObject({
    state: 'done',
  });
  expect(await look({ kubectl: '1.36.3' })).toMatchObject({
    state: 'blocked',
    cause: 'flux is not on the PATH; git is not on the PATH; op is not on the PATH',
  });
});

describe('flux/deploy-key', () => {
  const look = async (answer: Answers[string], more: object = {}) => {
    const world = fakeReader({ 'get secrets': answer });
    const seen = await deployKey.observe(lookWith(world, { ...facts, ...more }, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const secret = (annotations: object, labels: object = {}) => ({
    stdout: JSON.stringify({
      kind: 'Secret',
      metadata: { name: 'flux-system', namespace: 'flux-system', annotations, labels },
      data: { identity: 'c2VjcmV0' },
    }),
  });
  it('is done by annotation', async () => {
    const seen = await look(secret({ 'coldstart.io/template': digest }));
    expect(seen).toMatchObject({ state: 'done', facts: { 'flux/deploy-key': 'flux-system/flux-system' } });
    expect(JSON.stringify(seen)).not.toContain('c2VjcmV0');
  });
  it('is needed where there is none, or one of another template', async () => {
    expect(await look({ stdout: '' })).toMatchObject({ state: 'needed', cause: 'flux-system/flux-system is missing' });
    expect(await look(secret({ 'coldstart.io/template': 'x' }))).toMatchObject({ state: 'needed' });
  });
  it('leaves what Flux has taken over', async () => {
    expect(await look(secret({}, { 'kustomize.toolkit.fluxcd.io/name': 'x' }))).toMatchObject({ state: 'done' });
  });
  it('is blocked where nothing brings it', async () => {
    const other = { ...(facts['flux/source'] as object), deployKey: null, digest: null };
    expect(await look({ stdout: '' }, { 'flux/source': other })).toMatchObject({
      state: 'blocked',
      page: 'deploy-key-missing',
    });
    expect(await look(secret({}), { 'flux/source': other })).toMatchObject({ state: 'done' });
  });
  it('tries the key before it applies it, by private files and pinned host keys', () => {
    const plan = deployKey.kind === 'change' ? deployKey.plan({ key: 'cluster', item: undefined, facts }) : [];
    expect(plan.map((a) => a.id)).toEqual(['read', 'try', 'apply']);
    const [read, attempt] = plan;
    expect(read).toMatchObject({
      tool: 'op',
      argv: ['inject', '-i', 'bootstrap/infra/deploy-key.yaml.tpl'],
      out: { secret: true, keep: 'none' },
    });
    expect(attempt).toMatchObject({
      tool: 'git',
      argv: ['ls-remote', '--exit-code', '--heads', '--', 'ssh://git@git.example.com/k8s-ops.git', 'main'],
    });
    const env = attempt?.do === 'exec' ? attempt.env : {};
    expect(env?.['GIT_SSH_COMMAND']).toContain('StrictHostKeyChecking=yes');
    expect(env?.['COLDSTART_DEPLOY_KEY']).toEqual({
      file: {
        fn: 'flux/secret-value',
        in: [{ ref: 'out/filled' }],
        with: { namespace: 'flux-system', name: 'flux-system', key: 'identity' },
      },
    });
  });
  it('hands over the decoded key', () => {
    const filled = new TextEncoder().encode(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {identity: LS0tIGtleQo=}\n',
    );
    expect(
      new TextDecoder().decode(secretValueTransform([filled], { namespace: 'b', name: 'a', key: 'identity' })),
    ).toBe('--- key\n');
    expect(() => secretValueTransform([filled], { namespace: 'b', name: 'a', key: 'known_hosts' })).toThrow(
      /has no known_hosts/,
    );
  });
  it('does not try a key over https', () => {
    const https = { ...(facts['flux/source'] as object), url: 'https://git.example.com/x' };
    const plan =
      deployKey.kind === 'change'
        ? deployKey.plan({ key: 'cluster', item: undefined, facts: { ...facts, 'flux/source': https } })
        : [];
    expect(plan.map((a) => a.id)).toEqual(['read', 'apply']);
  });
  it.each([
    ['git/ls-remote-branch-missing', 'fatal', /no branch main/],
    ['git/ls-remote-ssh-refused', 'transient', /could not be reached/],
  ])('%s', (name, kind, cause) => {
    const plan = deployKey.kind === 'change' ? deployKey.plan({ key: 'cluster', item: undefined, facts }) : [];
    const failure = { ...failureOf(name), action: plan[1] as never };
    const judged = deployKey.kind === 'change' && deployKey.classify(failure);
    expect(judged).toMatchObject({ kind, cause: expect.stringMatching(cause), page: 'deploy-key-refused' });
  });
});

const CLONE = "unable to clone 'ssh://git@git.example.com/k8s-ops.git': dial tcp: ";

describe('what Flux names when a name has no address', () => {
  it.each([
    [`${CLONE}lookup git.example.com on 10.96.0.10:53: no such host`, 'cluster DNS does not know git.example.com: '],
    [`${CLONE}lookup git.example.com: i/o timeout`, 'cluster DNS does not answer for git.example.com: '],
    [
      'failed to download archive: dial tcp: lookup source-controller.flux-system.svc.cluster.local. on 10.96.0.10:53: server misbehaving',
      'cluster DNS does not answer for source-controller.flux-system.svc.cluster.local: ',
    ],
  ])('%s', (why, cause) => {
    expect(trouble(['OCIRepository a/b: not made yet', why])).toMatchObject({
      cause: `${cause}OCIRepository a/b: not made yet; ${why}`,
      page: 'dns',
    });
  });
  it('is the page of Flux where no name is looked up', () => {
    expect(trouble(['Kustomization a/b: DependencyNotReady: lookup failed'])).toMatchObject({
      cause: 'Kustomization a/b: DependencyNotReady: lookup failed',
      page: 'flux-not-ready',
    });
  });
});

describe('flux/source', () => {
  const look = async (repository: Answers[string], kustomization: Answers[string], more: Answers = {}) => {
    const world = fakeReader({
      'get gitrepositories': repository,
      'get kustomizations': kustomization,
      'get deployments': { stdout: asList(CONTROLLERS.map((c) => deployment(c, 0))) },
      ...more,
    });
    const seen = await source.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const one = (object: object) => ({ stdout: JSON.stringify(object) });
  it.each([
    ['is needed when they are missing', { stdout: '' }, { stdout: '' }, 'needed', /url is missing/],
    [
      'is needed when the branch is another',
      one(git({ ref: { branch: 'old' } })),
      one(ks('flux-system')),
      'needed',
      /branch is old/,
    ],
    [
      "waits with Flux' own reason",
      one(git({}, ready('False', 'GitOperationFailed', 'unable to clone'))),
      one(ks('flux-system', ready('False', 'ArtifactFailed', 'Source artifact not found'))),
      'converging',
      /GitOperationFailed: unable to clone; .*ArtifactFailed/,
    ],
    [
      'says that cluster DNS does not answer',
      one(
        git({}, ready('False', 'GitOperationFailed', `${CLONE}lookup git.example.com on 10.96.0.10:53: i/o timeout`)),
      ),
      one(ks('flux-system', ready('False', 'ArtifactFailed', 'Source artifact not found'))),
      'converging',
      /^cluster DNS does not answer for git\.example\.com: GitRepository .*i\/o timeout; Kustomization /,
    ],
    ["waits for Flux' kinds", absent('gitrepositories'), absent('kustomizations'), 'converging', /not served yet/],
    ['knows nothing where the API does not answer', REFUSED, REFUSED, 'unknown', /refused/],
  ])('%s', async (_, repository, kustomization, state, cause) => {
    const seen = await look(repository, kustomization);
    expect(seen.state).toBe(state);
    expect(seen.cause ?? '').toMatch(cause);
  });
  it('is done when both are Ready, and tells the revision', async () => {
    expect(await look(one(git()), one(ks('flux-system')))).toMatchObject({
      state: 'done',
      facts: { 'flux/synced': { revision: 'main@sha1:7c801a34' } },
    });
  });
  it('takes no stale condition for the newest', async () => {
    const stale = git({}, { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 1 }] });
    (stale.metadata as { generation: number }).generation = 2;
    expect((await look(one(stale), one(ks('flux-system')))).state).toBe('converging');
  });
  it('applies the manifest as it is, without taking fields from others', () => {
    const [apply] = source.kind === 'change' ? source.plan({ key: 'cluster', item: undefined, facts }) : [];
    expect(apply?.do === 'exec' && apply.argv.slice(4)).toEqual([
      'apply',
      '--server-side',
      '--field-manager=coldstart',
      '-f',
      'bootstrap/infra/resources/flux-sync.yaml',
    ]);
    expect(source.settle?.(facts)).toMatchObject({ within: 300_000 });
  });
  it('waits for a FluxInstance to make them', async () => {
    const wanted = { ...(facts['flux/source'] as object), instance: 'flux' };
    const instance = {
      kind: 'FluxInstance',
      metadata: { name: 'flux', namespace: 'flux-system' },
      spec: {
        sync: { url: 'ssh://git@git.example.com/k8s-ops.git', ref: 'refs/heads/main', path: 'clusters/infra/flux' },
      },
      status: ready(),
    };
    const world = fakeReader({
      'get gitrepositories': absent('gitrepositories'),
      'get kustomizations': absent('kustomizations'),
      'get fluxinstances': one(instance),
    });
    expect(await source.observe(lookWith(world, { ...facts, 'flux/source': wanted }, undefined))).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('GitRepository flux-system/flux-system: not made yet'),
    });
  });
});

describe('flux/check', () => {
  const look = async (said: Answers[string], deployments = CONTROLLERS.map((c) => deployment(c))) => {
    const world = fakeReader({ 'flux --kubeconfig': said, 'get deployments': { stdout: asList(deployments) } });
    const seen = await check.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  it('reads the recorded check', () => {
    const lines = parseCheck(recording('flux/check').stderr);
    expect(lines).toHaveLength(16);
    expect(lines.every((l) => l.ok)).toBe(true);
    expect(parseCheck(recording('flux/refused').stderr).filter((l) => !l.ok)[0]?.text).toMatch(
      /^Kubernetes API call failed/,
    );
  });
  it('is done when it passes and all four controllers are Ready', async () => {
    expect(await look({ stderr: recording('flux/check').stderr })).toMatchObject({ state: 'done' });
  });
  it('names a controller that is not Ready, though flux says so not', async () => {
    expect(
      await look(
        { stderr: recording('flux/check').stderr },
        CONTROLLERS.map((c) => deployment(c, c === 'helm-controller' ? 0 : 1)),
      ),
    ).toMatchObject({ state: 'converging', cause: 'helm-controller: 0 of 1 available' });
  });
  it('names one that is missing', async () => {
    expect((await look({ stderr: recording('flux/check').stderr }, [])).cause).toContain('source-controller: missing');
  });
  it('tells what failed', async () => {
    expect((await look({ exit: 1, stderr: recording('flux/refused').stderr })).cause).toContain(
      'Kubernetes API call failed',
    );
  });
  it('knows nothing where flux told nothing', async () => {
    expect((await look({ exit: null, how: 'deadline' })).state).toBe('unknown');
  });
});

describe('flux/reconciled', () => {
  const look = async (objects: object[]) => {
    const world = fakeReader({ 'get gitrepositories.source': { stdout: asList(objects) } });
    const seen = await reconciled.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const failing = ready('False', 'ArtifactFailed', 'kustomization path not found');
  const waiting = ready('False', 'DependencyNotReady', "dependency 'flux-system/crds' is not ready");
  it('is done when all are Ready, and tells them in the order of dependsOn', async () => {
    const seen = await look([
      ks('apps', ready(), { dependsOn: [{ name: 'core' }] }),
      ks('core', ready(), { dependsOn: [{ name: 'crds' }] }),
      ks('crds'),
      git(),
    ]);
    expect(seen.state).toBe('done');
    expect(seen.signals.map((s) => s.subject)).toEqual([
      'flux-system/crds',
      'flux-system/flux-system',
      'flux-system/core',
      'flux-system/apps',
    ]);
  });
  it("tells the cause with Flux' own reason, and how many only wait for it", async () => {
    const seen = await look([
      git(),
      ks('apps', waiting, { dependsOn: [{ name: 'core' }] }),
      ks('core', waiting, { dependsOn: [{ name: 'crds' }] }),
      ks('crds', failing),
    ]);
    expect(seen).toMatchObject({
      state: 'converging',
      cause: 'Kustomization flux-system/crds: ArtifactFailed: kustomization path not found; 2 more wait for them',
    });
  });
  it('tells cluster DNS where names are not answered, and how many only wait for it', async () => {
    const lookup = ready(
      'False',
      'GitOperationFailed',
      `${CLONE}lookup git.example.com on 10.96.0.10:53: no such host`,
    );
    const seen = await look([git({}, lookup), ks('b', waiting, { dependsOn: [{ name: 'a' }] }), ks('a')]);
    expect(seen).toMatchObject({
      cause: expect.stringMatching(/^cluster DNS does not know git\.example\.com: GitRepository .*: no such host/),
      page: 'dns',
    });
  });
  it('tells suspended ones and HelmReleases as deviations', async () => {
    const release = {
      kind: 'HelmRelease',
      metadata: { name: 'x', namespace: 'y' },
      status: ready('False', 'InstallFailed', 'timed out'),
    };
    expect(await look([git(), ks('a'), ks('b', failing, { suspend: true }), release])).toMatchObject({
      state: 'done',
      deviations: [
        'Kustomization flux-system/b is suspended',
        'HelmRelease y/x is not Ready: InstallFailed: timed out',
      ],
    });
  });
  it('takes an OCI HelmRepository for an address, which has no conditions', async () => {
    expect(
      (
        await look([
          git(),
          ks('a'),
          { kind: 'HelmRepository', metadata: { name: 'x', namespace: 'y' }, spec: { type: 'oci' } },
        ])
      ).state,
    ).toBe('done');
    expect(
      (await look([git(), ks('a'), { kind: 'HelmRepository', metadata: { name: 'x', namespace: 'y' }, spec: {} }]))
        .state,
    ).toBe('converging');
  });
  it('is not done where there is nothing', async () => {
    expect(await look([])).toMatchObject({ state: 'converging', cause: 'there is no Kustomization at all' });
  });
  it('finds a cause even in a circle', () => {
    const circle = [
      fluxResource(ks('a', waiting, { dependsOn: [{ name: 'b' }] })),
      fluxResource(ks('b', waiting, { dependsOn: [{ name: 'a' }] })),
    ];
    expect(roots(circle)).toHaveLength(2);
    expect(inOrder(circle)).toHaveLength(2);
  });
});

describe('flux/handover', () => {
  const by = {
    'kustomize.toolkit.fluxcd.io/name': 'flux-system',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
  };
  const CLEAN: Answers = {
    'kustomize build': { stdout: 'kind: ConfigMap\n' },
    kubeconform: {
      stdout: JSON.stringify({ resources: [], summary: { valid: 1, invalid: 0, errors: 0, skipped: 0 } }),
    },
  };
  const look = async (
    answers: Answers = {},
    installed: Record<string, string | null> = { kustomize: '5.8.2', kubeconform: '0.8.0' },
  ) => {
    const world = fakeReader(
      {
        'get fluxinstances': absent('fluxinstances'),
        'get gitrepositories': { stdout: JSON.stringify(git()) },
        'get kustomizations': {
          stdout: asList([ks('flux-system'), ks('core', ready(), {}, by), ks('stranger', ready('False'))]),
        },
        ...CLEAN,
        ...answers,
      },
      { tools: installed, files: inMemory({}) },
    );
    const seen = await handover.observe(lookWith(world, facts, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return { seen, world };
  };
  it('is done when the entry and what it applied are Ready, and the root builds clean', async () => {
    const { seen, world } = await look();
    expect(seen).toMatchObject({ state: 'done', deviations: [] });
    expect(seen.signals.map((s) => s.subject ?? s.name)).toEqual([
      'flux-system/flux-system',
      'flux-system/flux-system',
      'flux-system/core',
      'clusters/infra/flux',
      'schemas',
    ]);
    expect(world.asked.find((a) => a.tool === 'kubeconform')?.stdin).toBe('kind: ConfigMap\n');
  });
  it('waits for a first Kustomization', async () => {
    const { seen } = await look({
      'get kustomizations': {
        stdout: asList([ks('flux-system'), ks('core', ready('False', 'HealthCheckFailed', 'timeout'), {}, by)]),
      },
    });
    expect(seen).toMatchObject({
      state: 'converging',
      cause: 'Kustomization flux-system/core: HealthCheckFailed: timeout',
    });
  });
  it('waits for a FluxInstance where one is used', async () => {
    const { seen } = await look({
      'get fluxinstances': {
        stdout: asList([
          {
            kind: 'FluxInstance',
            metadata: { name: 'flux', namespace: 'flux-system' },
            status: ready('False', 'BuildFailed', 'x'),
          },
        ]),
      },
    });
    expect(seen.cause).toContain('FluxInstance flux-system/flux: BuildFailed: x');
  });
  it('does not wait for a work tree that does not build', async () => {
    const { seen } = await look({
      'kustomize build': { exit: 1, stderr: recording('kustomize/missing-resource').stderr },
    });
    expect(seen).toMatchObject({ state: 'blocked', cause: expect.stringContaining('nothere.yaml') });
  });
  it('takes kubectl where kustomize is not installed, and tells that schemas were not tested', async () => {
    const { seen, world } = await look(
      { 'kubectl kustomize clusters/infra/flux': { stdout: 'kind: ConfigMap\n' } },
      {},
    );
    expect(seen).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining('kubeconform is not installed')],
    });
    expect(world.asked.some((a) => a.tool === 'kustomize')).toBe(false);
  });
  it('does not take a missing schema for an invalid manifest', async () => {
    const { seen } = await look({
      kubeconform: { exit: 1, stdout: recording('kubeconform/no-schema-network').stdout },
    });
    expect(seen).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining("1 manifests of the cluster's root were not checked")],
    });
  });
  it('tells an invalid manifest', async () => {
    const invalid = JSON.stringify({
      resources: [{ kind: 'ConfigMap', name: 'a', status: 'statusInvalid', msg: 'data: expected object' }],
      summary: { valid: 0, invalid: 1, errors: 0, skipped: 0 },
    });
    expect((await look({ kubeconform: { exit: 1, stdout: invalid } })).seen).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('ConfigMap a: data: expected object'),
    });
  });
  it('reads what kubeconform skipped', () => {
    expect(parseConform(recording('kubeconform/ignore-missing').stdout)).toEqual({
      invalid: [],
      untested: 1,
      valid: 0,
    });
    expect(parseConform('no')).toBeUndefined();
  });
});

describe('tools', () => {
  it('read their versions', () => {
    expect(flux.version.parse(recording('flux/version').stdout, '')).toBe('2.9.5');
    expect(kustomize.version.parse('v5.8.2', '')).toBe('5.8.2');
    expect(kubeconform.version.parse('v0.8.0', '')).toBe('0.8.0');
  });
  it.each([
    [flux, '--kubeconfig x --context check reconcile source git y', false],
    [flux, '--kubeconfig x --context y check', true],
    [flux, 'get all -A', true],
    [flux, 'bootstrap git', false],
    [kustomize, 'build clusters/infra', true],
    [kustomize, 'build x --enable-alpha-plugins', false],
    [kustomize, 'build x -o y', false],
    [kustomize, 'edit set image x', false],
  ])('%o %s only reads: %s', (tool, line, reads) => expect(tool.reads(line.split(' '))).toBe(reads));
});
