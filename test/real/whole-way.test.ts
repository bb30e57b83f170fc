/**
 * The whole way with real tools: coldstart, a process from packed tarballs, brings nodes on the wire from maintenance to a
 * cluster whose API is a real control plane, which `talosctl bootstrap` brings to life. Simulated are the machines, what runs in
 * pods (kwok), `op` and `cilium`.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import type { Finished } from './children.ts';
import { journalOf, resultOf, tellTimes, timesOf } from './runs.ts';
import type { RunDocument, Spent } from './runs.ts';
import { openWhole } from './wire/whole.ts';
import type { Whole } from './wire/whole.ts';

let whole: Whole;
beforeAll(async () => {
  whole = await openWhole({
    toolchain: inject('toolchain'),
    plugins: ['plugin-talos', 'plugin-helmfile', 'plugin-cilium'],
  });
}, 300_000);
afterAll(() => whole?.close());

const create = (): string[] => [
  'cluster',
  'create',
  'infra',
  '--kubeconfig',
  whole.kubeconfig,
  '--context',
  'infra',
  '--json',
];
const tell = async (what: string, done: Finished & { spent: Spent }, since: number): Promise<RunDocument> => {
  const result = resultOf(done);
  const calls = (await whole.recorder.calls()).filter(({ within, began }) => within === null && began >= since);
  tellTimes(`whole-way.test: ${what}`, timesOf(result, await journalOf(whole.repository, result), calls, done.spent));
  return result;
};

describe('the whole way', () => {
  test('first', { timeout: 400_000 }, async () => {
    const done = await whole.coldstart(create());
    const result = await tell('first', done, 0);
    expect({ exit: result.exit, failure: result.failure }).toEqual({ exit: 0, failure: null });
  });
});
