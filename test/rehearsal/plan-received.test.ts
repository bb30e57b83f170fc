import type { Plan } from '@coldstart/contract';
import { beforeAll, describe, expect, test } from 'vitest';
import { differences, lockHolder, tampered, type Call } from '../support/received.ts';
import { bareWorld, bringUp, carryOut, endsOf, survey, type BroughtUp } from './support/bring-up.ts';

const callsOf = ({ lab }: BroughtUp, from = 0): Call[] =>
  lab
    .received()
    .slice(from)
    .map(({ tool, argv, exit }) => ({ tool, argv, ok: exit === 0 }));
const seenIn = (ran: BroughtUp): { skipped: Set<string>; files: true } => ({
  skipped: new Set(
    endsOf(ran.records)
      .filter((r) => r.verdict === 'skipped')
      .map((r) => `${r.step} ${r.item}`),
  ),
  files: true,
});

describe("the plan is what the tools receive, by the lab's own log", () => {
  let ran: BroughtUp;
  beforeAll(async () => {
    ran = await bringUp();
  });

  test('from bare nodes', () => {
    expect(ran.exit).toBe(0);
    expect(callsOf(ran).length).toBeGreaterThan(20);
    expect(differences(ran.ground.plan, callsOf(ran), seenIn(ran))).toEqual([]);
  });

  const changing = [
    'talos/apply-controlplanes',
    'talos/bootstrap',
    'talos/apply-workers',
    'helmfile/secrets',
    'helmfile/crds',
    'helmfile/releases',
    'flux/deploy-key',
    'flux/source',
  ];
  test.each(changing.flatMap((step) => (['delete', 'add', 'reorder'] as const).map((how) => [how, step] as const)))(
    '%s one action of %s: it is noticed',
    (how, step) => {
      expect(differences(tampered(ran.ground.plan, how, step), callsOf(ran), seenIn(ran))).not.toEqual([]);
    },
  );

  test('the comparison is not blind: a call less, more, or elsewhere is noticed', () => {
    const calls = callsOf(ran);
    const skipped = seenIn(ran);
    const at = calls.findIndex((c) => c.argv[0] === 'apply-config');
    const one = calls[at] as Call;
    const without = calls.toSpliced(at, 1);
    expect(differences(ran.ground.plan, without, skipped)).not.toEqual([]);
    expect(differences(ran.ground.plan, [...calls, one], skipped)).not.toEqual([]);
    expect(differences(ran.ground.plan, [...without, one], skipped)).not.toEqual([]);
  });

  test('retries are the same actions again', async () => {
    const again = await bringUp({ faults: ['back-to-maintenance@infra-02', 'eof-after-success@infra-05'] });
    expect(again.exit).toBe(0);
    expect(
      differences(again.ground.plan, callsOf(again), {
        ...seenIn(again),
        again: new Set(['talos/apply-controlplanes infra-02']),
      }),
    ).toEqual([]);
  });

  test('a run over what stands renders the CRDs to compare, and sends nothing else', async () => {
    const before = ran.lab.received().length;
    const again = await carryOut(ran.ground, ran.lab);
    const sent = callsOf(again, before);
    expect(differences(again.ground.plan, sent, seenIn(again))).toEqual([]);
    const ours = sent.filter(({ argv }) => lockHolder(argv) === undefined);
    expect(ours.map(({ tool, argv }) => [tool, argv.includes('template')])).toEqual([['helmfile', true]]);
    expect(
      ran.lab
        .received()
        .slice(before)
        .reduce((sum, r) => sum + r.changes, 0),
    ).toBe(0);
  });
});

test('the plan does not depend on what is there', async () => {
  const [one, two]: Plan[] = [(await survey()).plan, (await survey()).plan];
  expect(two).toEqual(one);
  expect((await bareWorld(await survey())).received()).toEqual([]);
});
