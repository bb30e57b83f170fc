import { describe, expect, it } from 'vitest';
import { fakeReader, lookWith } from '../../../../packages/tools/test/fakes.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { tools } from '../../src/steps/tools.ts';
import { flux, kubeconform, kustomize } from '../../src/tool.ts';
import { facts } from './common.ts';

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
