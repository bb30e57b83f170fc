import type { Mode } from '@coldstart/contract';
import type { Evidence } from '@coldstart/engine';
import { expect, it } from 'vitest';
import { summaryText } from '../src/progress/summary.ts';

const tool = (name: string, simulated: boolean, version: string | null = '1.0.0') => ({
  name,
  version,
  simulated,
  digest: null,
});
const criterion = (id: string, needs: 'lab-wire' | 'live'): Evidence['criteria'][number] => ({
  id,
  title: id,
  step: 'a/b',
  needs,
  verdict: 'untested',
  reason: 'r',
  item: null,
  cites: [],
});

const evidence = (mode: Mode, tools: Evidence['tools'], simulated: string[]): Evidence => ({
  schema: 'coldstart.evidence/1',
  story: '',
  mode,
  simulated,
  cluster: 'infra',
  generation: 1,
  procedure: 'create',
  run: 'r',
  outcome: 'done',
  exit: 0,
  cause: null,
  next: null,
  started: '2026-01-01T00:00:00.000Z',
  ended: '2026-01-01T00:00:00.000Z',
  elapsed: 0,
  clock: { elapsed: null, slo: null, within: null } as Evidence['clock'],
  coldstart: '0.1.0',
  operator: { user: 'op', host: 'h', pid: 1 },
  seed: null,
  faults: [],
  plan: 'p',
  tools,
  inputs: [],
  assumed: [],
  counts: { done: 1, skipped: 0, failed: 0, refused: 0, interrupted: 0, 'not-run': 0, changes: 0, retries: 0 },
  criteria: [criterion('secrets-ready', 'lab-wire'), criterion('cluster-dns-answers', 'live')],
  failures: [],
  unknown: [],
  deviations: [],
  consents: [],
  outlived: [],
  phases: [],
  slowest: [],
  journal: { records: 1, head: 'h', torn: false, complete: true },
});
const lines = (...of: Parameters<typeof evidence>): string[] =>
  summaryText(evidence(...of), { journal: 'j', files: [] }).split('\n');

const mixed = [
  tool('talosctl', false),
  tool('helm', false),
  tool('op', true),
  tool('cilium', true, null),
  tool('kustomize', false, null),
];

it('says of a run with simulated nodes what was real, what was simulated, and what only that answered for', () => {
  const said = lines('lab-wire', mixed, ['node infra-01 (platform coldstart-lab)']);
  expect(said).toEqual(
    expect.arrayContaining([
      'create infra: done (lab-wire, run r)',
      'real: talosctl, helm',
      'simulated: op, cilium, node infra-01 (platform coldstart-lab)',
      '  only simulated parts answered for: cluster-dns-answers',
    ]),
  );
  expect(said.filter((line) => line.startsWith('  only real tools can meet'))).toEqual([]);
});

it.each<[Mode, string[]]>([
  ['live', []],
  ['rehearsal', ['  only real tools can meet: secrets-ready', '  only a live run can meet: cluster-dns-answers']],
])('has no such lines in mode %s', (mode, only) => {
  const said = lines(mode, mixed, []);
  expect(said.filter((line) => /^(real|simulated):/.test(line))).toEqual([]);
  expect(said.filter((line) => line.startsWith('  only '))).toEqual(only);
});
