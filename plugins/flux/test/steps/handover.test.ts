import { describe, expect, it } from 'vitest';
import {
  asList,
  fakeReader,
  inMemory,
  lookWith,
  unnamed,
  type Answers,
} from '../../../../packages/tools/test/fakes.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { parseConform } from '../../src/flux/build.ts';
import { handover } from '../../src/steps/handover.ts';
import { facts, absent, ready, git, ks } from './common.ts';

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
    expect(parseConform(recording('kubeconform/no-schema-network').stdout)).toEqual({
      invalid: [],
      untested: 1,
      valid: 0,
    });
  });
  // As kubeconform 0.8 said them.
  it.each([
    ["error while parsing: missing 'kind' key", [{ what: '? a', why: "error while parsing: missing 'kind' key" }]],
    [
      'error unmarshalling resource: error converting YAML to JSON: yaml: line 1: did not find expected node content',
      [{ what: '? a', why: expect.stringContaining('did not find expected node content') }],
    ],
    ['could not find schema for Thing', []],
    ['failed downloading schema at https://example.com/thing-v1.json: no such host', []],
  ])('takes for invalid what cannot be read, and not what has no schema: %s', (msg, invalid) => {
    const stdout = JSON.stringify({
      resources: [{ filename: 'stdin', kind: '', name: 'a', version: 'v1', status: 'statusError', msg }],
      summary: { valid: 2, invalid: 0, errors: 1, skipped: 1 },
    });
    expect(parseConform(stdout)).toEqual({ invalid, untested: 2 - invalid.length, valid: 2 });
  });
});
