import { describe, expect, it } from 'vitest';
import { fluxResource } from '../src/flux/resources.ts';

const condition = (type: string, status: string, reason: string, message: string, observedGeneration = 2) => ({
  type,
  status,
  reason,
  message,
  observedGeneration,
  lastTransitionTime: '2026-11-21T00:34:11Z',
});
const source = (...conditions: ReturnType<typeof condition>[]) =>
  fluxResource({
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'k8s-ops', namespace: 'flux-system', generation: 2 },
    status: { conditions },
  });
const again = condition('Ready', 'Unknown', 'Progressing', 'building artifact');
const failed = (generation = 2, status = 'True') =>
  condition('FetchFailed', status, 'GitOperationFailed', "couldn't find remote ref", generation);

describe('a source that is tried again', () => {
  it('keeps the reason for which it failed', () => {
    expect(source(failed(), again).why).toBe("GitOperationFailed: couldn't find remote ref");
  });
  it('has none where nothing failed, or another generation did', () => {
    for (const conditions of [[again], [failed(1), again], [failed(2, 'False'), again]])
      expect(source(...conditions).why).toBe('Progressing: building artifact');
  });
  it('is Ready once it is, and tells what Ready tells', () => {
    expect(source(condition('Ready', 'True', 'Succeeded', 'stored artifact'), failed())).toMatchObject({
      ready: true,
      why: '',
    });
    const auth = condition('Ready', 'False', 'AuthenticationFailed', 'no such Secret');
    expect(source(failed(), auth).why).toBe('AuthenticationFailed: no such Secret');
  });
});
