import type { Looked } from '@coldstart/engine';
import { describe, expect, test } from 'vitest';
import { lookTable } from '../src/output/look.ts';

const looked = (item: string, observation: Partial<Looked['observation']>): Looked => ({
  phase: 'talos',
  step: 'talos/nodes-ready',
  title: 'Nodes answer',
  item,
  observation: { state: 'done', signals: [], ...observation },
  ms: 1,
});
const table = { fact: 'talos/node', columns: ['role', 'class'] };

describe('a table of what looks gave', () => {
  test('a row per item, and below it what is wrong with it', () => {
    const text = lookTable(
      [
        looked('infra-01', { facts: { 'talos/node': { role: 'controlplane', class: 'configured' } } }),
        looked('infra-02', {
          state: 'blocked',
          facts: { 'talos/node': { role: 'worker', class: 'foreign' } },
          cause: 'it is another cluster’s',
          remedy: 'Reset it.',
          page: 'foreign-ca',
        }),
      ],
      table,
    );
    expect(text.split('\n')).toEqual([
      'NAME      ROLE          CLASS',
      'infra-01  controlplane  configured',
      'infra-02  worker        foreign',
      '  cause: it is another cluster’s',
      '  do: Reset it.',
      '  see: docs/failures/foreign-ca.md',
      '',
      '1 of 2 not done',
    ]);
  });

  test('what was not told is a dash', () =>
    expect(lookTable([looked('infra-01', {})], table).split('\n')).toContain('infra-01  -     -'));
});
