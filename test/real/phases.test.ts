/**
 * coldstart itself carries phases 0 to 2, as an operator would run it: a process of its own from packed tarballs, with the
 * real kubectl, helm and helmfile. What is not real is the cluster's inside: the control
 * plane is real but simulates its nodes and pods (kwok), `op` is a shim, and phase −1 is a plugin of this test that only
 * looks at the API. Since `op` says what it is, its evidence is of mode lab-wire.
 */
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { Plan } from '@coldstart/contract';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { installPacked } from '../packed/support/install.ts';
import type { Installed } from '../packed/support/install.ts';
import { differences, tampered } from '../support/received.ts';
import { formsOf, holds, misplaced, secretsIn, secretsOfCopies, secretsOfOp, watchFor } from './canary.ts';
import type { Canary } from './canary.ts';
import { killGroup, must, run } from './children.ts';
import type { Finished } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import { startControlPlane } from './controlplane/start.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { poison } from './poison.ts';
import type { Poison } from './poison.ts';
import { isLook, recordCalls } from './received.ts';
import type { ReceivedCall, Recorder } from './received.ts';
import { journalOf, resultOf, stepsOf, tellTimes, timesOf } from './runs.ts';
import type { PlanView, RunDocument } from './runs.ts';
import { clusterOf, prepareRepository, shims, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
const example = fileURLToPath(new URL('../../examples/k8s-ops', import.meta.url));

let dir: string;
/** What coldstart may leave something in: two copies of the repository, HOME, scratch, what the tools received. */
let ground: string;
let repository: string;
let fresh: string;
let kubeconfig: string;
/** The operator's environment, with everything in it that could mislead a tool. */
let env: Record<string, string>;
/** The environment of tools that the test itself calls: neither recorded nor misled. */
let own: Record<string, string>;
let plane: ControlPlane;
let recorder: Recorder;
let poisoned: Poison;
let installed: Installed;
/** What is secret of everything that coldstart is given, and every form in which it could show. */
let secrets: Canary[];
let canaries: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-phases-'));
  ground = join(dir, 'ground');
  [repository, fresh, kubeconfig] = ['repository', 'fresh', 'operator/kubeconfig'].map((name) =>
    join(ground, name),
  ) as [string, string, string];
  for (const folder of ['tmp', 'operator']) await mkdir(join(ground, folder), { recursive: true });
  installed = installPacked(
    ['contract', 'tools', 'engine', 'cli', 'plugin-helmfile'].map((name) => `@coldstart/${name}`),
    { '@coldstart/plugin-given-api': fileURLToPath(new URL('given-api', import.meta.url)) },
  );
  await prepareRepository(example, repository);
  await prepareRepository(example, fresh);
  own = await toolEnvironment(join(ground, 'home'), toolchain);
  plane = await startControlPlane({ toolchain, dir: join(dir, 'plane'), ...(await clusterOf(repository, 'infra')) });
  await cp(plane.kubeconfig, kubeconfig);
  poisoned = await poison(join(ground, 'home'), kubeconfig);
  secrets = [
    ...secretsOfCopies([repository, fresh]),
    ...(await secretsOfOp(repository, own)),
    // The operator has access to the cluster before coldstart begins; what misleads lies beside it and leads nowhere.
    ...secretsIn(await readFile(plane.kubeconfig, 'utf8')).map(({ name, value }) => ({
      name: `kubeconfig ${name}`,
      forms: formsOf([value]),
      places: [kubeconfig],
    })),
  ];
  canaries = secrets.flatMap(({ forms }) => forms);
  recorder = await recordCalls(join(ground, 'received'), {
    kubectl: toolchain.kubectl.path,
    helm: toolchain.helm.path,
    helmfile: toolchain.helmfile.path,
    op: join(shims, 'op'),
  });
  env = { ...own, ...poisoned.env, PATH: `${recorder.bin}:${own['PATH']}`, TMPDIR: join(ground, 'tmp'), USER: 'op' };
}, 300_000);

afterAll(async () => {
  await plane?.stop();
  await poisoned?.stop();
  installed?.remove();
  await rm(dir, { recursive: true, force: true });
});

/** What everything has printed so far. */
let printed = '';

const coldstart = async (
  argv: string[],
  more: { cwd?: string; started?: (pid: number) => void; stop?: AbortSignal } = {},
): Promise<Finished> => {
  const done = await run(process.execPath, [installed.bin, ...argv], {
    cwd: more.cwd ?? repository,
    env,
    deadline: 280_000,
    ...(more.started && { started: more.started }),
    ...(more.stop && { stop: more.stop }),
  });
  printed += done.stdout + done.stderr;
  return done;
};

const access = (): string[] => ['--kubeconfig', kubeconfig, '--context', 'infra'];
const create = (): string[] => ['cluster', 'create', 'infra', ...access(), '--json'];
const plan = async (cwd = repository): Promise<PlanView> => {
  const done = await coldstart(['cluster', 'plan', 'infra', ...access(), '--json'], { cwd });
  expect({ exit: done.exit, said: done.exit === 0 ? '' : done.stdout + done.stderr }).toEqual({ exit: 0, said: '' });
  return JSON.parse(done.stdout) as PlanView;
};
/** The API as the harness sees it. */
const get = async <T>(path: string): Promise<T> => {
  const answer = await plane.api.send('GET', path);
  expect(answer.status).toBe(200);
  return answer.body as T;
};
type Meta = { name: string; namespace: string; labels?: Record<string, string>; annotations?: Record<string, string> };
type Items<T> = { items: (T & { metadata: Meta })[] };
type Condition = { type: string; status: string };

const received = async (since: ReceivedCall[] = []): Promise<ReceivedCall[]> =>
  (await recorder.calls()).slice(since.length).filter(({ within }) => within === null);
const sent = async (since: ReceivedCall[] = []) =>
  (await received(since))
    .filter((call) => !isLook(call))
    .map(({ tool, argv, exit }) => ({ tool, argv, ok: exit === 0 }));

/** Persisted or not: everything by which a client asked the API server for a change, our own Lease left out. */
const asked = async (since: Awaited<ReturnType<ControlPlane['audit']['mark']>>): Promise<string[]> =>
  (await plane.audit.changes({ since, except: isLease('kube-system', 'coldstart') })).map(
    ({ verb, resource, namespace, name, result }) => `${verb} ${resource} ${namespace}/${name} ${result}`,
  );

const changing = ['helmfile/namespaces', 'helmfile/secrets', 'helmfile/crds', 'helmfile/releases'];

describe('phases 0 to 2 with the real tools', () => {
  let before: PlanView;
  let first: RunDocument;
  let sampled: Awaited<ReturnType<ReturnType<typeof watchFor>['end']>>;
  /** What the first run sent. */
  let calls: Awaited<ReturnType<typeof sent>>;

  /** What the API server was asked to change by the dry run, and what the tools received of it. */
  let dry: { asked: string[]; sent: unknown[] };

  // Everything rests on this run: where it fails, nothing below is worth a look.
  beforeAll(async () => {
    const mark = await plane.audit.mark();
    before = await plan();
    dry = { asked: await asked(mark), sent: await sent() };
    const watch = watchFor(secrets, join(ground, 'tmp'));
    const done = await coldstart(create());
    sampled = await watch.end();
    expect({ exit: done.exit, said: done.exit === 0 ? '' : done.stdout + done.stderr }).toEqual({ exit: 0, said: '' });
    first = resultOf(done);
    calls = await sent();
    tellTimes('phases.test', timesOf(first, await journalOf(repository, first), await received()));
  }, 400_000);

  test('the dry run before it sent nothing, and saw that nothing was done', () => {
    expect(dry).toEqual({ asked: [], sent: [] });
    const states = before.seen.filter(({ step }) => changing.includes(step)).map(({ state }) => state);
    expect(states).toHaveLength(9);
    expect(states).not.toContain('done');
  });

  test('its result is as the published schema says', async () => {
    const file = join(installed.folder, 'node_modules/@coldstart/cli/schema/run.v1.schema.json');
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await readFile(file, 'utf8')));
    validate(first);
    expect(validate.errors ?? []).toEqual([]);
    validate({ ...first, exit: 'none' });
    expect(validate.errors).not.toEqual(null);
  });

  test('namespaces and Secrets are there, with the values that op gave', async () => {
    const namespaces = (await get<Items<object>>('/api/v1/namespaces')).items.map(({ metadata }) => metadata.name);
    expect(namespaces).toEqual(
      expect.arrayContaining(['observability', 'cert-manager', 'external-secrets', 'flux-system', 'kube-system']),
    );
    type Secret = { data: Record<string, string> };
    for (const [namespace, name, keys] of [
      ['external-secrets', 'onepassword-connect', ['1password-credentials.json', 'token']],
      ['flux-system', 'cluster-secrets', ['ACME_EMAIL', 'BGP_PASSWORD']],
      ['flux-system', 'sops-age', ['age.agekey']],
    ] as const) {
      const { data } = await get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
      expect(Object.keys(data).sort()).toEqual([...keys]);
      for (const value of Object.values(data)) {
        expect(holds(Buffer.from(value, 'base64').toString(), canaries)).toBe(true);
      }
    }
  });

  test('every definition of the CRD helmfile is established, each by its name', async () => {
    const argv = ['--file', 'bootstrap/infra/helmfile.d/00-crds.yaml', 'template', '--include-crds'];
    const rendered = await must('helmfile', argv, { cwd: repository, env: own, deadline: 120_000 });
    const wanted = parseAllDocuments(rendered.stdout)
      .map((document) => document.toJS() as { kind?: string; metadata: Meta } | null)
      .flatMap((object) => (object?.kind === 'CustomResourceDefinition' ? [object.metadata.name] : []))
      .sort();
    expect(wanted.length).toBeGreaterThan(30);

    type Definition = { status: { conditions: Condition[] } };
    const live = await get<Items<Definition>>('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
    const established = live.items
      .filter(({ status }) => status.conditions.some(({ type, status: is }) => type === 'Established' && is === 'True'))
      .map(({ metadata }) => metadata.name);
    expect(wanted.filter((name) => !established.includes(name))).toEqual([]);

    const told = stepsOf(first.evidence).find(({ id }) => id === 'helmfile/crds')?.items[0]?.signals ?? [];
    expect(told.map(({ subject, observed, ok }) => [subject, observed, ok]).sort()).toEqual(
      wanted.map((name) => [name, 'established', true]),
    );
  });

  test('releases are deployed in the order of needs: none began before what it needs was deployed', async () => {
    const releases = new Map([
      ['cilium', { namespace: 'kube-system', needs: [] }],
      ['coredns', { namespace: 'kube-system', needs: ['cilium'] }],
      ['cert-manager', { namespace: 'cert-manager', needs: ['coredns'] }],
      ['external-secrets', { namespace: 'external-secrets', needs: ['cert-manager'] }],
      ['flux-operator', { namespace: 'flux-system', needs: ['cert-manager', 'external-secrets'] }],
      ['flux-instance', { namespace: 'flux-system', needs: ['flux-operator'] }],
    ]);
    const changes = await plane.audit.changes();
    // helm keeps each revision as a Secret: its making is the begin, its last change says `deployed`.
    const stored = (name: string) => changes.filter((change) => change.name === `sh.helm.release.v1.${name}.v1`);
    for (const [name, { namespace, needs }] of releases) {
      const argv = [
        'history',
        name,
        '-n',
        namespace,
        '--kubeconfig',
        kubeconfig,
        '--kube-context',
        'infra',
        '-o',
        'json',
      ];
      const history = JSON.parse((await must('helm', argv, { env: own, deadline: 30_000 })).stdout);
      expect(history).toEqual([expect.objectContaining({ revision: 1, status: 'deployed' })]);
      expect(stored(name).map(({ verb, result }) => `${verb} ${result}`)).toEqual([
        'create persisted',
        ...stored(name)
          .slice(1)
          .map(() => 'update persisted'),
      ]);
      for (const need of needs) {
        const [began, deployed] = [stored(name)[0]?.at, stored(need).at(-1)?.at].map((at) => Date.parse(at ?? ''));
        expect(began).toBeGreaterThanOrEqual(deployed ?? Number.NaN);
      }
    }
    // Spegel is disabled: it is shown in the helmfile, and not run.
    expect(
      changes.filter((change) => change.name.startsWith('sh.helm.release') && change.verb === 'create'),
    ).toHaveLength(6);
  });

  test('all pods are Ready, and so are the nodes', async () => {
    type Object = { status: { conditions: Condition[] } };
    const ready = ({ status }: Object): boolean =>
      status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True');
    const pods = (await get<Items<Object>>('/api/v1/pods')).items;
    expect(pods.filter((pod) => !ready(pod)).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual(
      [],
    );
    expect(pods.filter(({ metadata }) => metadata.labels?.['k8s-app'] === 'cilium')).toHaveLength(6);
    const nodes = (await get<Items<Object>>('/api/v1/nodes')).items;
    expect(nodes.map((node) => `${node.metadata.name} ${ready(node)}`)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `infra-0${n} true`),
    );
  });

  test('the evidence is of mode lab-wire, verifies, and says what was not run', async () => {
    const { evidence, files } = first;
    expect(evidence).toMatchObject({ mode: 'lab-wire', outcome: 'done', cluster: 'infra', plan: before.digest });
    expect(evidence.tools.filter(({ version }) => version !== null)).toEqual(
      expect.arrayContaining(
        (['kubectl', 'helm', 'helmfile'] as const).map((name) =>
          expect.objectContaining({ name, version: toolchain[name].version.slice(1), simulated: false }),
        ),
      ),
    );
    const whats = evidence.deviations.map(({ what, subject }) => `${what} ${subject}`).join('\n');
    for (const plugin of ['talos', 'flux', 'cilium'])
      expect(whats).toContain(`@coldstart/plugin-${plugin} is not installed`);
    expect(
      evidence.criteria.filter(({ step }) => changing.includes(step)).map(({ id, verdict }) => `${id} ${verdict}`),
    ).toEqual(['secrets-ready met', 'crds-established met', 'core-ready untested']);
    expect(files.map((file) => file.split('.').at(-1)).sort()).toEqual(['json', 'jsonl', 'txt']);
    const verified = await coldstart(['verify', 'evidence', files[0] ?? '', '--json']);
    expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true, findings: [] });
    expect(verified.exit).toBe(0);
  });

  test('what the tools received is the plan; one action less, more, or elsewhere is noticed', async () => {
    expect(differences(before.plan, calls)).toEqual([]);
    // A phase that only looks may stand anywhere: put elsewhere are those that send something.
    const sends = ({ steps }: Plan['phases'][number]) =>
      steps.some((step) => step.items.some(({ actions }) => actions.length > 0));
    const acting = { ...before.plan, phases: before.plan.phases.filter(sends) };
    expect(differences(acting, calls)).toEqual([]);
    for (const step of changing) {
      for (const how of ['delete', 'add', 'reorder'] as const) {
        expect(differences(tampered(acting, how, step), calls), `${how} ${step}`).not.toEqual([]);
      }
    }
    for (const [at, { argv }] of calls.entries()) {
      expect(differences(before.plan, calls.toSpliced(at, 1)), `without ${argv.join(' ')}`).not.toEqual([]);
    }
  });

  test('a dry run afterwards gives the same plan, and shows all of it as done', async () => {
    const mark = await plane.audit.mark();
    const since = await recorder.calls();
    const after = await plan();
    expect(after.plan).toEqual(before.plan);
    expect(after.digest).toBe(before.digest);
    expect((await plan(fresh)).plan).toEqual(before.plan);
    expect(await sent(since)).toEqual([]);
    expect(await asked(mark)).toEqual([]);
    const states = after.seen
      .filter(({ step }) => changing.includes(step))
      .map(({ step, item, state }) => `${step} ${item} ${state}`);
    expect(states.filter((line) => !line.endsWith(' done'))).toEqual([]);
  });

  test.each([
    ['in the same work tree', () => repository],
    ['from a fresh copy without .coldstart', () => fresh],
  ])(
    'a second run, %s, changes nothing and says why',
    async (_, root) => {
      const mark = await plane.audit.mark();
      const since = await recorder.calls();
      const done = await coldstart(create(), { cwd: root() });
      expect({ exit: done.exit, said: done.exit === 0 ? '' : done.stdout + done.stderr }).toEqual({
        exit: 0,
        said: '',
      });
      expect(await asked(mark)).toEqual([]);
      // The CRDs are rendered anew, to compare; nothing else of the plan is sent.
      expect((await sent(since)).map(({ tool, argv }) => [tool, argv.includes('template')])).toEqual([
        ['helmfile', true],
      ]);
      const again = resultOf(done);
      expect(again.evidence.counts.changes).toBe(0);
      const steps = stepsOf(again.evidence).filter(({ id }) => changing.includes(id));
      expect(steps.map(({ id }) => id)).toEqual(changing);
      for (const { id, item, verdict, signals } of steps.flatMap((step) =>
        step.items.map((one) => ({ id: step.id, ...one })),
      )) {
        expect({ id, item, verdict }).toEqual({ id, item, verdict: 'skipped' });
        expect(signals.length, `signals of ${id} ${item}`).toBeGreaterThan(0);
        expect(signals.filter(({ ok }) => !ok)).toEqual([]);
      }
      tellTimes('phases.test', timesOf(again, await journalOf(root(), again), await received(since)));
    },
    300_000,
  );

  test('no call used a current-context, and no configuration was touched', async () => {
    expect(poisoned.connections()).toBe(0);
    expect(await poisoned.changed()).toEqual([]);
    const needing = (await received()).filter(
      ({ tool, argv }) =>
        ['kubectl', 'helm', 'helmfile'].includes(tool) &&
        !argv.includes('--client') &&
        argv[0] !== 'version' &&
        argv[0] !== '--version',
    );
    expect(needing.length).toBeGreaterThan(20);
    const named = ({ argv }: ReceivedCall): boolean =>
      argv.includes(kubeconfig) &&
      argv.some((word, at) => word === 'infra' && /^--(kube-)?context$/.test(argv[at - 1] ?? ''));
    expect(needing.filter((call) => !named(call))).toEqual([]);
    // The trap works: a call that names no context falls into it.
    expect((await run(toolchain.helm.path, ['list'], { env, deadline: 30_000 })).exit).toBe(1);
    expect(poisoned.connections()).toBeGreaterThan(0);
  });

  test('no secret that the run was given shows: files, output, journal, evidence, arguments, other objects', async () => {
    // The search finds what is there: the API server got the values, and only in these Secrets.
    const log = (await readFile(join(dir, 'plane/logs/audit.jsonl'), 'utf8')).split('\n').filter(Boolean);
    type Event = { requestURI: string; objectRef?: { resource: string; namespace: string; name?: string } };
    const holding = log.filter((line) => holds(line, canaries)).map((line) => JSON.parse(line) as Event);
    const objects = new Set(holding.map(({ objectRef: ref }) => `${ref?.resource} ${ref?.namespace}/${ref?.name}`));
    expect([...objects].sort()).toEqual([
      'secrets external-secrets/onepassword-connect',
      'secrets flux-system/cluster-secrets',
      'secrets flux-system/sops-age',
    ]);
    expect(holding.filter(({ requestURI }) => holds(requestURI, canaries))).toEqual([]);
    const got = secrets.filter(({ forms }) => log.some((line) => holds(line, forms))).map(({ name }) => name);
    // The deploy key is sent by Flux' steps, whose plugin is not installed.
    const given = secrets.map(({ name }) => name).filter((name) => /^Secret (?!flux-system )/.test(name));
    expect(given).toHaveLength(5);
    expect(got).toEqual(given);
    expect(secrets.map(({ name }) => name)).toContain('kubeconfig users.0.user.client-key-data');

    expect(misplaced(ground, secrets)).toEqual([]);
    expect(secrets.filter(({ forms }) => holds(printed, forms)).map(({ name }) => name)).toEqual([]);
    expect(sampled.found).toEqual([]);
    expect(sampled.samples).toBeGreaterThan(20);
    for (const tool of ['kubectl', 'helm', 'helmfile'] as const)
      expect(sampled.programs).toContain(toolchain[tool].path);
    // Scratch is swept; Node's own cache of compiled scripts stays.
    expect((await readdir(join(ground, 'tmp'))).filter((name) => name !== 'node-compile-cache')).toEqual([]);
  });

  const helm = (argv: string[]) => must('helm', argv, { env: own, deadline: 60_000 });
  const pending = async (): Promise<number> => {
    const selector = 'labelSelector=owner%3Dhelm,status%3Dpending-install';
    return (await get<Items<object>>(`/api/v1/namespaces/external-secrets/secrets?${selector}`)).items.length;
  };
  /** Whether nodes take new pods; those that they have are not touched. */
  const cordon = async (unschedulable: boolean): Promise<void> => {
    for (const { metadata } of (await get<Items<object>>('/api/v1/nodes')).items) {
      const path = `/api/v1/nodes/${metadata.name}`;
      const answer = await plane.api.send('PATCH', path, { spec: { unschedulable } }, 'application/merge-patch+json');
      expect(answer.status).toBe(200);
    }
  };
  /** Starts a run, and strikes while helm is in the middle of installing: its pods find no node, and it waits. */
  const struck = async (strike: (at: { coldstart: number; calls: ReceivedCall[] }) => void): Promise<Finished> => {
    const since = await recorder.calls();
    const ending = new AbortController();
    let pid = 0;
    await cordon(true);
    const running = coldstart(create(), { started: (is) => (pid = is), stop: ending.signal });
    try {
      await expect.poll(pending, { timeout: 200_000, interval: 200 }).toBe(1);
      await sleep(1_000);
      strike({ coldstart: pid, calls: (await recorder.calls()).slice(since.length) });
      return await running;
    } finally {
      ending.abort();
      await running;
      await cordon(false);
    }
  };
  /** Holds a result against what it should say of the release, and does what it says is the remedy. */
  const namedAndRemedied = async (done: Finished): Promise<void> => {
    expect(await pending()).toBe(1);
    const { exit, failure, evidence } = resultOf(done);
    expect(exit).toBe(4);
    expect(failure).toMatchObject({
      step: 'helmfile/releases',
      item: 'external-secrets/external-secrets',
      page: 'helm-release-pending',
    });
    expect(failure?.cause).toMatch(/external-secrets\/external-secrets is pending-install .*ended in the middle/);
    expect(failure?.next).toContain('coldstart cluster create infra');
    const released = stepsOf(evidence).find(({ id }) => id === 'helmfile/releases');
    expect(released?.items.map(({ item, verdict }) => `${item} ${verdict}`)).toEqual([
      'kube-system/cilium skipped',
      'kube-system/coredns skipped',
      'cert-manager/cert-manager skipped',
      'external-secrets/external-secrets failed',
      'flux-system/flux-operator not-run',
      'flux-system/flux-instance not-run',
    ]);
    const remedy = /`helm ([^`]+)`/.exec(failure?.remedy ?? '')?.[1]?.split(' ') ?? [];
    expect(remedy.slice(0, 2)).toEqual(['uninstall', 'external-secrets']);
    await helm([...remedy, '--wait']);
    expect(await pending()).toBe(0);
  };

  test('a helm that is killed in the middle of a release: the run names it and its remedy', async () => {
    await helm([
      'uninstall',
      'external-secrets',
      '--wait',
      '-n',
      'external-secrets',
      '--kubeconfig',
      kubeconfig,
      '--kube-context',
      'infra',
    ]);
    const done = await struck(({ calls: now }) => {
      const helms = now.filter(
        ({ tool, within, argv }) => tool === 'helm' && within === 'helmfile' && argv.includes('upgrade'),
      );
      expect(helms).toHaveLength(1);
      process.kill(helms[0]?.pid ?? 0, 'SIGKILL');
    });
    await namedAndRemedied(done);
  }, 300_000);

  test('killed with everything, as when power is lost: the next run names it; after the remedy it finishes', async () => {
    const killed = await struck(({ coldstart: pid, calls: now }) => {
      process.kill(pid, 'SIGKILL');
      for (const { ended, within, pid: group } of now)
        if (ended === null && within === null) killGroup(group, 'SIGKILL');
    });
    expect(killed).toMatchObject({ signal: 'SIGKILL', deadline: false });
    const next = await coldstart(create());
    expect(next.took).toBeLessThan(120_000);
    await namedAndRemedied(next);

    const finished = await coldstart(create());
    expect({ exit: finished.exit, said: finished.exit === 0 ? '' : finished.stdout + finished.stderr }).toEqual({
      exit: 0,
      said: '',
    });
    expect(misplaced(ground, secrets)).toEqual([]);
    expect(secrets.filter(({ forms }) => holds(printed, forms)).map(({ name }) => name)).toEqual([]);
  }, 400_000);

  test('the evidence of every run verifies, also of the one that was killed', async () => {
    for (const root of [repository, fresh]) {
      const verified = await coldstart(['verify', 'evidence', 'docs/qa/evidence', '--json'], { cwd: root });
      expect(JSON.parse(verified.stdout)).toMatchObject({ valid: true, findings: [] });
    }
    const evidence = (await readdir(join(repository, 'docs/qa/evidence'))).filter((name) => name.endsWith('.json'));
    expect(evidence).toHaveLength(6);
  });
});
