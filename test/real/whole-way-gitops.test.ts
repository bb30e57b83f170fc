/**
 * The whole way to the end of phase 3, with Flux for real: its controllers read a Git server and a registry of this machine,
 * and carry the cluster on. One world: the Git server refuses the deploy key first, then has no such branch, then all is well;
 * each run goes on from where the one before it was stopped. Simulated, beside what whole-way.test.ts names: flux-operator,
 * cilium-operator's definitions, admission webhooks, notification-controller.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { holds, misplaced, watchFor } from './canary.ts';
import { run } from './children.ts';
import { isLease } from './controlplane/audit.ts';
import type { ControlPlane } from './controlplane/start.ts';
import { journalOf, resultOf, stepsOf, tellTimes, timesOf } from './runs.ts';
import type { RunDocument } from './runs.ts';
import { openWithGitOps } from './wire/gitops.ts';
import type { GitOps, WholeWithGitOps } from './wire/gitops.ts';
import type { Whole } from './wire/whole.ts';

const toolchain = inject('toolchain');

let opened: WholeWithGitOps | undefined;
let whole: Whole;
let gitops: GitOps;
let plane: ControlPlane;
beforeAll(async () => {
  opened = await openWithGitOps({ toolchain, config: 'version: 1\n', alive: (up) => (plane = up) });
  ({ whole, gitops } = opened);
}, 300_000);
afterAll(async () => {
  await opened?.close();
});

const access = (): string[] => ['--kubeconfig', whole.kubeconfig, '--context', 'infra'];
const given = async (what: string, cwd = whole.repository): Promise<RunDocument> => {
  const since = (await whole.recorder.calls()).length;
  const argv = ['cluster', 'create', 'infra', ...access(), '--json'];
  const done = await whole.coldstart(argv, { cwd, deadline: 600_000 });
  const result = resultOf(done);
  const calls = (await whole.recorder.calls()).slice(since).filter(({ within }) => within === null);
  tellTimes(`whole-way-gitops.test: ${what}`, timesOf(result, await journalOf(cwd, result), calls, done.spent));
  return result;
};
const reconcile = (...what: string[]) =>
  run('flux', [...access(), 'reconcile', ...what], { env: whole.own, deadline: 120_000 });

describe('the whole way to GitOps', () => {
  let sampled: Awaited<ReturnType<ReturnType<typeof watchFor>['end']>>;

  test('a deploy key that the Git server refuses: exit 4, before Flux is given it', { timeout: 700_000 }, async () => {
    await gitops.letsIn();
    const watch = watchFor(whole.canaries, join(whole.dir, 'tmp'));
    const result = await given('key refused');
    sampled = await watch.end();
    expect(result).toMatchObject({
      exit: 4,
      failure: { step: 'flux/deploy-key', cause: 'the Git server refuses the deploy key' },
    });
    expect(result.failure?.next).toContain('coldstart cluster create infra');
    const secret = await plane.api.send('GET', '/api/v1/namespaces/flux-system/secrets/flux-system');
    expect(secret.status).toBe(404);
    expect(Object.keys(gitops.flux()?.processes() ?? {}).sort()).toEqual([
      'helm-controller',
      'kustomize-controller',
      'source-controller',
    ]);
  });

  test('a branch that does not exist: exit 4, and which one', { timeout: 400_000 }, async () => {
    await gitops.letsIn('deploy key');
    await gitops.push(whole.repository, 'elsewhere');
    const result = await given('no such branch');
    expect(result).toMatchObject({
      exit: 4,
      failure: { step: 'flux/deploy-key', cause: 'the remote has no branch main' },
    });
  });

  test('the same, with access of the operator’s own: refused before anything', { timeout: 100_000 }, async () => {
    await gitops.letsIn('deploy key', 'operator');
    const result = await given('no such branch, seen by the operator');
    expect(result).toMatchObject({
      exit: 5,
      failure: { step: 'flux/remote-head', cause: expect.stringContaining('has no branch main') },
    });
  });

  test('then it goes on to the end: Flux carries the cluster', { timeout: 900_000 }, async () => {
    await gitops.push(whole.repository, 'main');
    const result = await given('to the end');
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
    expect(result.evidence).toMatchObject({ mode: 'lab-wire', outcome: 'done' });
    const verdicts = Object.fromEntries(result.evidence.criteria.map(({ id, verdict }) => [id, verdict]));
    expect(verdicts).toMatchObject({
      'flux-remote-head': 'met',
      'flux-source-ready': 'met',
      // The controllers are processes of this machine, and find each other without cluster DNS.
      'cluster-dns-answers': 'untested',
      'flux-reconciled': 'met',
      'flux-handover': 'met',
      'cilium-status': 'untested',
    });
    const signals = stepsOf(result.evidence)
      .filter(({ id }) => id === 'flux/reconciled')
      .flatMap(({ items }) => items.flatMap((item) => item.signals));
    expect(signals.length).toBeGreaterThan(20);
    expect(signals.filter(({ ok }) => !ok)).toEqual([]);
    expect(gitops.flux()?.errors()).toEqual([]);
    expect(gitops.flux()?.ended()).toEqual([]);
  });

  test('releases are adopted by Flux', async () => {
    type Release = {
      metadata: { name: string };
      status: { conditions: { type: string; status: string; message: string }[] };
    };
    const { body } = await plane.api.send<{ items: Release[] }>('GET', '/apis/helm.toolkit.fluxcd.io/v2/helmreleases');
    const ready = body.items.map(({ metadata, status }) => {
      const is = status.conditions.find(({ type }) => type === 'Ready');
      return `${metadata.name} ${is?.status}`;
    });
    expect(ready.toSorted()).toEqual(
      [
        'cert-manager',
        'cilium',
        'coredns',
        'external-secrets',
        'flux-instance',
        'flux-operator',
        'metrics-server',
        'spegel',
      ].map((name) => `${name} True`),
    );
  });

  test.each([
    ['in the same work tree', () => whole.repository],
    ['from a fresh copy without .coldstart', () => whole.fresh],
  ])('again, %s: no change is persisted', { timeout: 300_000 }, async (what, root) => {
    const mark = await plane.audit.mark();
    const nodes = whole.wire.calls.flatMap(({ changes }) => changes);
    const result = await given(`again, ${what}`, root());
    expect({ exit: result.exit, failure: result.failure, changes: result.evidence.counts.changes }).toEqual({
      exit: 0,
      failure: null,
      changes: 0,
    });
    expect(whole.wire.calls.flatMap(({ changes }) => changes)).toEqual(nodes);
    const except = isLease('kube-system', 'coldstart');
    expect((await plane.audit.changes({ since: mark, except })).filter(({ user }) => user === 'admin')).toEqual([]);
  });

  test('the deploy key is taken back: Flux says so, and so does coldstart', { timeout: 200_000 }, async () => {
    await gitops.letsIn('operator');
    expect((await reconcile('source', 'git', 'flux-system', '--timeout=20s')).exit).not.toBe(0);
    const done = await whole.coldstart(['verify', 'flux', 'infra', ...access(), '--json'], { deadline: 100_000 });
    expect(done.exit).toBe(6);
    expect(done.stdout).toMatch(/unable to authenticate/);
  });

  test('a value of a Secret shows nowhere else', async () => {
    expect(misplaced(whole.dir, whole.canaries)).toEqual([]);
    expect(whole.canaries.filter(({ forms }) => holds(whole.printed(), forms)).map(({ name }) => name)).toEqual([]);
    // ssh takes a key from a file only: `git ls-remote` is given the deploy key in the run's own scratch (0600, swept at its
    // end), and nothing else that is secret is ever in a file.
    const scratch = /^\S+\/coldstart-scratch-\d+-\w+\/\d+-file holds Secret flux-system identity$/;
    expect(sampled.found.filter((line) => !scratch.test(line))).toEqual([]);
    const log = (await readFile(join(whole.run.dir, 'plane/logs/audit.jsonl'), 'utf8')).split('\n').filter(Boolean);
    type Event = { user: { username: string }; objectRef?: { resource: string; namespace: string; name?: string } };
    const ours = log
      .filter((line) => holds(line, whole.forms))
      .map((line) => JSON.parse(line) as Event)
      .filter(({ user }) => user.username === 'admin');
    const objects = new Set(ours.map(({ objectRef: ref }) => `${ref?.resource} ${ref?.namespace}/${ref?.name}`));
    expect([...objects].sort()).toEqual([
      'secrets external-secrets/onepassword-connect',
      'secrets flux-system/cluster-secrets',
      'secrets flux-system/flux-system',
      'secrets flux-system/sops-age',
    ]);
  });
});
