import { describe, expect, it } from 'vitest';
import { trouble } from '../../src/flux/trouble.ts';
import { CLONE } from './common.ts';

describe('what Flux names when a name has no address', () => {
  it.each([
    [`${CLONE}lookup git.example.com on 10.96.0.10:53: no such host`, 'cluster DNS does not know git.example.com: '],
    [`${CLONE}lookup git.example.com: i/o timeout`, 'cluster DNS does not answer for git.example.com: '],
    [
      'failed to download archive: dial tcp: lookup source-controller.flux-system.svc.cluster.local. on 10.96.0.10:53: server misbehaving',
      'cluster DNS does not answer for source-controller.flux-system.svc.cluster.local: ',
    ],
  ])('%s', (why, cause) => {
    expect(trouble(['OCIRepository a/b: not made yet', why])).toMatchObject({
      cause: `${cause}OCIRepository a/b: not made yet; ${why}`,
      page: 'dns',
    });
  });
  it('is the page of Flux where no name is looked up', () => {
    expect(trouble(['Kustomization a/b: DependencyNotReady: lookup failed'])).toMatchObject({
      cause: 'Kustomization a/b: DependencyNotReady: lookup failed',
      page: 'flux-not-ready',
    });
  });
});
