import { planDigest } from '@coldstart/engine';
import { describe, expect, test } from 'vitest';
import { planText } from '../src/output/plan-text.ts';
import { facts, plan, procedure } from './support/fake-kit.ts';

const show = { facts, procedure, out: undefined, locks: [] };

describe('the plan for people', () => {
  test('nodes in order, each action with its words, holes as <…>, stdin by name, what looks only', () => {
    expect(planText(plan, { ...show, looked: null })).toBe(`plan: fake infra, 2 phases, 3 steps, 3 actions
digest: ${planDigest(plan)}
looked at: the repository only (--offline)

nodes, in order:
  n-01  192.0.2.11  controlplane
  n-02  192.0.2.12  worker

phase -1 first: First
  fake/ready: Nodes answer
    cluster  (looks only)
  fake/apply: Nodes take their configs
    n-01
      $ tool apply <--insecure in maintenance> -n 192.0.2.11 'it'\\''s quoted' < configs/n-01.yaml [once]
        give n-01 its config
    n-02 after n-01
      $ tool apply <--insecure in maintenance> -n 192.0.2.12 'it'\\''s quoted' < configs/n-02.yaml
        give n-02 its config

phase 0 second: Second
  fake/config: The file is there
    cluster
      $ merge out/file
        put the context in

assumed:
  the second node is a worker

not found here, or of no known version: other`);
  });

  test('what was seen stands beside its item; what was not is marked', () => {
    const looked = [
      {
        phase: 'first',
        step: 'fake/apply',
        title: '',
        item: 'n-01',
        observation: { state: 'done' as const, signals: [] },
        ms: 1,
      },
      {
        phase: 'first',
        step: 'fake/apply',
        title: '',
        item: 'n-02',
        observation: { state: 'unknown' as const, signals: [] },
        ms: 1,
      },
      {
        phase: 'second',
        step: 'fake/config',
        title: '',
        item: 'cluster',
        observation: { state: 'needed' as const, signals: [] },
        ms: 1,
      },
    ];
    const lines = planText(plan, { ...show, looked }).split('\n');
    expect(lines).toContain('    n-01  (done)');
    expect(lines).toContain('    n-02 after n-01  (not seen)');
    expect(lines.filter((line) => line.startsWith('    cluster'))).toEqual([
      '    cluster  (not seen)  (looks only)',
      '    cluster  (needed)',
    ]);
    expect(lines).not.toContain('looked at: the repository only (--offline)');
  });
});

test('the locks that a run would take stand before the nodes', () => {
  const locks = [
    { id: 'file', where: 'the file .coldstart/infra/lock' },
    { id: 'git-ref', where: 'the ref refs/coldstart/lock/infra of origin' },
  ];
  expect(planText(plan, { ...show, looked: null, locks }).split('\n')).toContain(
    'locks: the file .coldstart/infra/lock; the ref refs/coldstart/lock/infra of origin',
  );
});
