import { describe, expect, test } from 'vitest';
import type { Done, Facts, Observation } from '@coldstart/contract';
import { api } from '../../src/steps/api.ts';
import { apiAnswers } from '../../src/steps/api-answers.ts';
import { registered } from '../../src/steps/registered.ts';
import { fakeWorld, lookAs, machines, type FakeNode } from '../fake.ts';
import { recording } from '../recordings.ts';
import { exampleFacts } from '../repository.ts';
import { facts, err, out, refused, ready } from './common.ts';

describe('the Kubernetes layer', () => {
  const at =
    (address: string) =>
    (argv: string[]): boolean =>
      argv.includes(`https://${address}:6443`);
  const look = (step: typeof api, kubectl: (argv: string[]) => Done, use: Facts = facts): Promise<Observation> =>
    step.observe(lookAs(fakeWorld(machines({}, { is: 'configured' }), { kubectl }), use, undefined, 'cluster'));

  test('ready on every control plane: done, with addresses and version', async () => {
    expect(await look(api, ready)).toMatchObject({
      state: 'done',
      facts: {
        'kubernetes/api': {
          servers: ['https://192.0.2.11:6443', 'https://192.0.2.12:6443', 'https://192.0.2.13:6443'],
          version: 'v1.36.3',
        },
      },
    });
  });
  test('not ready on one: waited for, and named', async () => {
    const seen = await look(api, (argv) => (at('192.0.2.12')(argv) ? refused : ready(argv)));
    expect(seen).toMatchObject({
      state: 'converging',
      page: 'api-not-ready',
      cause: expect.stringContaining('infra-02 (The connection to the server'),
    });
  });
  test('cluster-info is among the signals, and has to pass', async () => {
    const info = recording('kubectl', 'cluster-info');
    const say =
      (done: Done) =>
      (argv: string[]): Done =>
        argv.includes('cluster-info') ? done : ready(argv);
    expect((await look(api, say(out(info.stdout)))).signals.find((s) => s.name === 'cluster-info')).toMatchObject({
      name: 'cluster-info',
      observed: expect.stringMatching(/^Kubernetes control plane is running at https:/),
      ok: true,
    });
    expect(await look(api, say(refused))).toMatchObject({
      state: 'converging',
      cause: expect.stringContaining('cluster-info'),
    });
  });
  test('enough for workers: one of them', async () => {
    const seen = await look(apiAnswers, (argv) => (at('192.0.2.13')(argv) ? ready(argv) : refused));
    expect(seen).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/answers': { server: 'https://192.0.2.13:6443' } },
    });
    expect((await look(apiAnswers, () => refused)).state).toBe('converging');
  });
  test.each([api, apiAnswers])('a stranger’s API refuses', async (step) => {
    expect(
      await look(step, () =>
        err(
          'Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority',
        ),
      ),
    ).toMatchObject({ state: 'blocked', refuse: true });
  });

  const listing =
    (...names: string[]) =>
    (): Done =>
      out(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'List',
          items: names.map((name) => ({
            apiVersion: 'v1',
            kind: 'Node',
            metadata: { name },
            status: { conditions: [{ type: 'Ready', status: 'False' }] },
          })),
        }),
      );
  test('every node is registered; Ready is not expected', async () => {
    expect(
      await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04', 'infra-05', 'infra-06')),
    ).toMatchObject({
      state: 'done',
      facts: { 'kubernetes/nodes': { registered: expect.arrayContaining(['infra-06']) } },
    });
  });
  test('missing ones are named', async () => {
    expect(await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-05'))).toMatchObject({
      state: 'converging',
      cause: 'not registered: infra-04, infra-06',
      page: 'not-registered',
    });
  });
  test('as many workers may be missing as allowed, as a deviation; a control plane never', async () => {
    const use = await exampleFacts({ allowMissingWorkers: 1 });
    expect(
      await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04', 'infra-05'), use),
    ).toMatchObject({ state: 'done', deviations: [expect.stringContaining('infra-06')] });
    expect((await look(registered, listing('infra-01', 'infra-02', 'infra-03', 'infra-04'), use)).state).toBe(
      'converging',
    );
    expect((await look(registered, listing('infra-01', 'infra-02', 'infra-04', 'infra-05'), use)).state).toBe(
      'converging',
    );
    expect(
      (await look(registered, listing('infra-01', 'infra-02', 'infra-04', 'infra-05', 'infra-06'), use)).state,
    ).toBe('converging');
  });
  test('missing ones in maintenance cannot register: failed at once, unless others are on their way', async () => {
    const there = listing('infra-01', 'infra-02', 'infra-03', 'infra-04');
    const at_ = (nodes: Record<string, FakeNode>): Promise<Observation> =>
      registered.observe(
        lookAs(fakeWorld(machines(nodes, { is: 'configured' }), { kubectl: there }), facts, undefined, 'cluster'),
      );
    expect(await at_({ 'infra-05': { is: 'maintenance' }, 'infra-06': { is: 'maintenance' } })).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('infra-05, infra-06'),
    });
    expect((await at_({ 'infra-05': { is: 'maintenance' } })).state).toBe('converging');
  });
  test('an API that does not list nodes tells nothing', async () =>
    expect((await look(registered, () => refused)).state).toBe('unknown'));
});
