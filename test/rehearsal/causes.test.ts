import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { OpenLab } from '@coldstart/plugin-lab';
import { knownFaults } from '../../plugins/lab/src/faults/known.ts';
import { ROWS, type Row } from './causes.ts';
import { bareWorld, carryOut, EXAMPLE, survey, type BroughtUp, type Ground } from './support/bring-up.ts';

const PAGES = join(import.meta.dirname, '../../docs/failures');
const page = (name: string): string => readFileSync(join(PAGES, `${name}.md`), 'utf8');

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const example = survey();

/** The example, or a copy of it with one bad file. */
async function groundOf({ file }: Row): Promise<Ground> {
  if (!file) return example;
  const root = mkdtempSync(join(tmpdir(), 'coldstart-causes-'));
  folders.push(root);
  for (const name of readdirSync(EXAMPLE))
    if (name !== '.coldstart') cpSync(join(EXAMPLE, name), join(root, name), { recursive: true });
  const before = readFileSync(join(root, file.path), 'utf8');
  const after = before.replace(file.text, file.by);
  expect(after).not.toBe(before);
  writeFileSync(join(root, file.path), after);
  return survey({ root });
}

async function run(row: Row, ground: Ground, lab: OpenLab): Promise<BroughtUp> {
  return carryOut(ground, lab, {
    on: (record) => {
      if (row.after !== undefined && record.type === 'item-end' && record.step === row.after) {
        if (record.verdict !== 'done' && record.verdict !== 'skipped') throw new Error(`${row.after}: ${record.cause}`);
        for (const fault of row.faults ?? []) lab.ask(fault);
      }
    },
  });
}

const WHOLE = { whole: true, findings: [], etcdClusters: 1 };
const told = ({ exit, failure }: BroughtUp): object => ({ exit, failure });

/** Every fault of the row struck. */
function struck({ faults = [] }: Row, lab: OpenLab): void {
  const fired = lab.fired();
  expect(faults.filter((fault) => !fired[fault])).toEqual([]);
}

async function mended(row: Row, lab: OpenLab): Promise<void> {
  const { world } = lab;
  if (row.mend === 'uninstall') {
    const [namespace = '', name = ''] = (row.item ?? '').split('/');
    const where = ['-n', namespace, '--kubeconfig', 'kubernetes/kubeconfig', '--kube-context', 'infra'];
    const done = await world.spawn(
      { tool: 'helm', argv: ['uninstall', name, ...where], env: {}, deadline: 60_000 },
      { signal: 'SIGTERM', grace: 1000, kill: true },
      async () => {},
      new AbortController().signal,
    );
    if (done.exit !== 0) throw new Error(`helm uninstall: ${done.stderr}`);
  }
  const ground = await example;
  const next = await carryOut(ground, await lifted(ground, lab));
  expect({ ...told(next), verdict: next.lab.verdict() }).toEqual({ failure: null, exit: 0, verdict: WHOLE });
}

const lifted = (ground: Ground, lab: OpenLab): Promise<OpenLab> => bareWorld(ground, { saved: lab.save() });

const failing = ROWS.filter((row) => typeof row.exit === 'number' && row.exit > 2);

describe('a fault that ends the run is named with its cause; mended, the same command finishes', () => {
  test.each(failing)('$name ($from)', async (row) => {
    const ground = await groundOf(row);
    // The machines are as they are, whatever a file says of them.
    const machines = { ...ground, facts: (await example).facts };
    const lab = await bareWorld(machines, { faults: row.after === undefined ? [...(row.faults ?? [])] : [] });
    const ran = await run(row, ground, lab);
    struck(row, lab);
    expect(told(ran)).toMatchObject({
      exit: row.exit,
      failure: {
        item: row.item,
        cause: expect.stringContaining(row.cause ?? ''),
        remedy: expect.stringMatching(/\w{3}/),
        page: row.page,
        next: 'coldstart cluster create infra',
      },
    });
    expect(lab.verdict().whole).toBe(false);
    expect(page(row.page ?? '').includes(row.text ?? row.cause ?? '')).toBe(true);
    await mended(row, lab);
  });
});

describe('a fault that the run gets over', () => {
  test.each(ROWS.filter((row) => row.exit === 0))('$name ($from)', async (row) => {
    const ground = await groundOf(row);
    const lab = await bareWorld(ground, { faults: [...(row.faults ?? [])] });
    const ran = await run(row, ground, lab);
    struck(row, lab);
    expect({ ...told(ran), verdict: lab.verdict() }).toEqual({ failure: null, exit: 0, verdict: WHOLE });
  });

  test.each(ROWS.filter((row) => row.exit === 'killed'))('$name ($from): the next process finishes', async (row) => {
    const ground = await example;
    const lab = await bareWorld(ground, { faults: [...(row.faults ?? [])] });
    await Promise.race([carryOut(ground, lab), lab.died]);
    struck(row, lab);
    lab.process();
    const next = await carryOut(ground, lab);
    expect({ ...told(next), verdict: lab.verdict() }).toEqual({ failure: null, exit: 0, verdict: WHOLE });
  });
});

describe('a file that the survey refuses: no machine is touched', () => {
  test.each(ROWS.filter((row) => row.exit === 2))('$name ($from)', async (row) => {
    await expect(groundOf(row)).rejects.toThrow(row.cause);
  });
});

test('fact 15, a list of nodes that is not complete: no step gives talosctl health a list, or calls it', async () => {
  const sources = readdirSync(join(import.meta.dirname, '../../plugins/talos/src'), {
    recursive: true,
    encoding: 'utf8',
  });
  const calls = sources.filter(
    (file) =>
      file.endsWith('.ts') &&
      /\[\s*'health'/.test(readFileSync(join(import.meta.dirname, '../../plugins/talos/src', file), 'utf8')),
  );
  expect(calls).toEqual([]);
});

describe('the table is whole', () => {
  const of = (from: string): string[] => ROWS.filter((row) => row.from.startsWith(from)).map((row) => row.from);

  test('the fifteen faults of the facts, the last of which no run can make', () => {
    expect([...new Set(of('fact '))]).toEqual(Array.from({ length: 14 }, (_, i) => `fact ${i + 1}`));
  });

  test('the ten scenarios', () => {
    expect([...new Set(of('scenario: '))].map((from) => from.replace('scenario: ', ''))).toEqual([
      'network timeout on one node',
      'disk detection',
      'crash during bootstrap',
      'TLS certificate',
      'inconsistent node state',
      'transient RPC',
      'slow network',
      'partial bootstrap',
      'etcd quorum',
      'configuration file',
    ]);
  });

  test('every fault of the lab stands in a row', () => {
    const played = new Set(ROWS.flatMap((row) => row.faults ?? []).map((fault) => fault.replace(/[@:].*/, '')));
    expect(knownFaults.map(({ name }) => name).filter((name) => !played.has(name))).toEqual([]);
  });

  test('names are unique', () => {
    const names = ROWS.map((row) => row.name);
    expect(names).toEqual([...new Set(names)]);
  });
});
