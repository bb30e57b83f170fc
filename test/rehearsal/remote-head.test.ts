import { describe, expect, test } from 'vitest';
import { bareWorld, carryOut, changesReceived, endsOf, survey } from './support/bring-up.ts';

const PAGE = 'remote-head';

describe('the branch that Flux reads', () => {
  test('is looked at before anything is changed, and every planned chart is there', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground);
    const ran = await carryOut(ground, lab);
    expect({ failure: ran.failure, exit: ran.exit }).toEqual({ failure: null, exit: 0 });
    const end = endsOf(ran.records).find((r) => r.step === 'flux/remote-head');
    expect(end?.verdict).toBe('done');
    expect(end?.signals.map((s) => [s.name, s.subject, s.ok])).toEqual([
      ['path', 'clusters/infra/flux', true],
      ['chart', 'kube-system/cilium', true],
      ['chart', 'kube-system/coredns', true],
      ['chart', 'cert-manager/cert-manager', true],
      ['chart', 'external-secrets/external-secrets', true],
      ['chart', 'flux-system/flux-operator', true],
      ['chart', 'flux-system/flux-instance', true],
      ['chart', 'kube-system/gateway-api-crds', true],
      ['chart', 'observability/prometheus-operator-crds', true],
    ]);
    const at = (type: string) => ran.records.findIndex((r) => r.type === type);
    const ended = ran.records.findIndex((r) => r.type === 'item-end' && r.step === 'flux/remote-head');
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThan(at('action-start'));
    expect(ran.records.filter((r) => r.type === 'deviation' && r.subject?.startsWith('flux/remote-head'))).toEqual([]);
  });

  test.each([
    ['remote-behind', /^main at [0-9a-f]{12} has no clusters\/infra\/flux, where Flux is to enter$/],
    [
      'remote-behind@cilium',
      /^main at [0-9a-f]{12} holds other charts than are planned: kube-system\/cilium is cilium 1\.20\.1 there \(clusters\/infra\/flux\/repositories\/oci\/cilium\.yaml\), planned is cilium 1\.20\.2$/,
    ],
    [
      'remote-behind@prometheus-operator-crds',
      /observability\/prometheus-operator-crds is prometheus-operator-crds 25\.0\.0 there \(bootstrap\/infra\/helmfile\.d\/00-crds\.yaml\)/,
    ],
  ])('%s: refused (exit 5), and nothing was changed', async (fault, cause) => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: [fault] });
    const ran = await carryOut(ground, lab);
    expect({ exit: ran.exit, failure: ran.failure }).toMatchObject({
      exit: 5,
      failure: {
        step: 'flux/remote-head',
        page: PAGE,
        cause: expect.stringMatching(cause),
        remedy: expect.stringMatching(/git push .*git pull/),
        next: 'coldstart cluster create infra',
      },
    });
    expect(lab.fired()[fault]).toBeGreaterThan(0);
    expect(changesReceived(lab)).toBe(0);
    expect(lab.received()).toEqual([]);
  });

  test('pushed, the same command finishes', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: ['remote-behind@coredns'] });
    expect((await carryOut(ground, lab)).exit).toBe(5);
    const lifted = await bareWorld(ground, { saved: lab.save() });
    const next = await carryOut(ground, lifted);
    expect({ failure: next.failure, exit: next.exit, whole: lifted.verdict().whole }).toEqual({
      failure: null,
      exit: 0,
      whole: true,
    });
  });

  /** A world from which the remote is not seen with the operator's own access; the deploy key opens it all the same. */
  const unseen = async (required: boolean) => {
    const ground = await survey({ config: { flux: { remoteHead: { required } } } });
    const lab = await bareWorld(ground);
    const probe = lab.world.probe.bind(lab.world);
    lab.world.probe = async (asked) =>
      asked.tool === 'git' && asked.argv[0] === 'ls-remote'
        ? {
            how: 'exit',
            exit: 128,
            stdout: new Uint8Array(),
            stderr: 'git@git.example.com: Permission denied (publickey).',
          }
        : probe(asked);
    const ran = await carryOut(ground, lab);
    return { ran, lab, end: endsOf(ran.records).find((r) => r.step === 'flux/remote-head') };
  };

  test('not seen from here: the run goes on, and its record says what was not looked at', async () => {
    const { ran, end } = await unseen(false);
    expect({ failure: ran.failure, exit: ran.exit }).toEqual({ failure: null, exit: 0 });
    expect(end).toMatchObject({ verdict: 'failed', cause: expect.stringContaining('not seen from here: git@git') });
    expect(ran.records).toContainEqual(
      expect.objectContaining({
        type: 'deviation',
        subject: 'flux/remote-head cluster',
        what: expect.stringMatching(/^goes on without it: the branch main of .* was not seen from here/),
      }),
    );
  });

  test('not seen from here, and required: preflight ends the run before anything is changed', async () => {
    const { ran, lab } = await unseen(true);
    expect({ exit: ran.exit, failure: ran.failure }).toMatchObject({
      exit: 3,
      failure: { step: 'flux/remote-head', page: PAGE },
    });
    expect(lab.received()).toEqual([]);
  });
});
