import { identityPath, type Identity, type JournalRecord } from '@coldstart/contract';
import type { OpenLab } from '@coldstart/plugin-lab';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  bareWorld,
  bringUp,
  carryOut,
  changesReceived,
  endsOf,
  survey,
  type BroughtUp,
  type Ground,
} from './support/bring-up.ts';

/** Guards that tell whether what an action goes to is this cluster's. */
const IDENTITY = ['talos/identity', 'helmfile/cluster'];

const path = (lab: OpenLab): string => `${lab.model.root}/${identityPath('infra')}`;
const recordOf = (lab: OpenLab): Identity =>
  JSON.parse(new TextDecoder().decode(lab.model.files.read(path(lab)))) as Identity;
function edit(lab: OpenLab, more: Partial<Identity>): void {
  const text = JSON.stringify({ ...recordOf(lab), ...more });
  lab.model.files.write(path(lab), new TextEncoder().encode(text), 0o644);
}
const started = (records: readonly JournalRecord[]): Extract<JournalRecord, { type: 'action-start' }>[] =>
  records.filter((record) => record.type === 'action-start');

describe('every action that changes something looks whose cluster it is', () => {
  test.each(['infra', 'apps'])('in the plan of %s', async (cluster) => {
    const { plan, kit } = await survey({ cluster });
    const actions = plan.phases.flatMap((phase) =>
      phase.steps.flatMap((step) =>
        step.items.flatMap((item) => item.actions.map((action) => ({ step: step.id, action }))),
      ),
    );
    const changing = actions.filter(({ action }) => action.risk !== 'read');
    expect(changing.length).toBeGreaterThan(20);
    const unguarded = changing.filter(({ action }) => !action.guard.some((id) => IDENTITY.includes(id)));
    expect(unguarded.map(({ step, action }) => `${step} ${action.id}`)).toEqual([]);
    const unknown = actions.flatMap(({ action }) => action.guard).filter((id) => !kit.guards.has(id));
    expect(unknown).toEqual([]);
  });

  test('what is read before does not reach past this machine and the cluster that it is guarded for', async () => {
    const { plan } = await survey();
    const reading = plan.phases.flatMap((phase) =>
      phase.steps.flatMap((step) =>
        step.items.flatMap((item) => item.actions.filter((a) => a.risk === 'read' && a.guard.length === 0)),
      ),
    );
    // Offline, or the operator's own vault: nothing of the cluster.
    expect(
      reading.filter((a) => a.do !== 'exec' || ['talosctl', 'kubectl', 'helm', 'helmfile'].includes(a.tool)),
    ).toEqual([]);
  });
});

describe('a cluster that was brought up', () => {
  let up: BroughtUp;
  let ground: Ground;
  let saved: Uint8Array;
  beforeAll(async () => {
    up = await bringUp();
    ground = up.ground;
    saved = up.lab.save();
  });
  const again = (): Promise<OpenLab> => bareWorld(ground, { saved });
  /** Runs what is told, and says what the world received of it. */
  const runs = async (lab: OpenLab, at: Parameters<typeof carryOut>[2] = {}) => {
    const before = changesReceived(lab);
    const result = await carryOut(ground, lab, at);
    return { ...result, changes: changesReceived(lab) - before };
  };

  test('each action looked at its guards just before, and says so in the journal', () => {
    const changing = started(up.records).filter((record) => record.risk !== 'read');
    expect(changing.length).toBeGreaterThan(20);
    expect(changing.filter(({ guards }) => !guards.some(({ id, ok }) => ok && IDENTITY.includes(id)))).toEqual([]);
  });

  test('is recorded: CA, bootstrap node, etcd members, kube-system, machines; nothing of it is secret', () => {
    const record = recordOf(up.lab);
    expect(up.exit).toBe(0);
    expect(record).toMatchObject({
      schema: 'coldstart.identity/1',
      cluster: 'infra',
      talosCa: (ground.facts['talos/cluster'] as { caFingerprint: string }).caFingerprint,
      bootstrapNode: 'infra-01',
      kubeSystem: [...up.lab.model.apis.values()][0]?.uid,
    });
    const members = [...up.lab.model.etcd.values()].flatMap((cluster) => cluster.members.map((member) => member.id));
    expect(members).toEqual(expect.arrayContaining(record.etcdMembers ?? ['none']));
    expect(Object.keys(record.machines ?? {}).sort()).toEqual([
      'infra-01',
      'infra-02',
      'infra-03',
      'infra-04',
      'infra-05',
      'infra-06',
    ]);
    const text = JSON.stringify(record);
    expect(ground.secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  test('a fresh clone, without the record: nothing is changed, and it is recorded again at first sight', async () => {
    const lab = await again();
    const { etcdMembers, kubeSystem, talosCa } = recordOf(lab);
    lab.model.files.remove(path(lab));
    expect(await runs(lab, { stateDir: '.coldstart/fresh' })).toMatchObject({ exit: 0, changes: 0 });
    expect(recordOf(lab)).toMatchObject({
      kubeSystem,
      talosCa,
      etcdMembers: expect.arrayContaining(etcdMembers ?? []),
    });
  });

  test.each<[string, Partial<Identity>, (string[] | undefined)[], RegExp, string]>([
    ['the Talos CA', { talosCa: 'ab'.repeat(32) }, [undefined, ['talos']], /the recorded Talos CA is abab/, 'identity'],
    ['etcd', { etcdMembers: ['ff'] }, [undefined, ['talos']], /another etcd cluster than the recorded one/, 'identity'],
    [
      'kube-system',
      { kubeSystem: 'another' },
      [undefined, ['crds'], ['core']],
      /is another cluster's: its kube-system is not the recorded one/,
      'wrong-cluster',
    ],
  ])('%s is not the recorded one: refused before anything is changed', async (_what, other, parts, cause, page) => {
    for (const phases of parts) {
      const lab = await again();
      edit(lab, other);
      const part = phases ? await survey({ selection: { phases } }) : ground;
      const before = changesReceived(lab);
      const result = await carryOut(part, lab, phases ? { selection: { phases } } : {});
      const { failure } = result;
      expect([result.exit, failure?.cause, failure?.page]).toEqual([5, expect.stringMatching(cause), page]);
      expect(changesReceived(lab) - before).toBe(0);
      expect(started(result.records).filter(({ risk }) => risk !== 'read')).toEqual([]);
    }
  });

  test('each changing step alone, as its own command runs it, is refused as well', async () => {
    const steps = [...ground.kit.steps.values()].filter((step) => step.kind === 'change').map((step) => step.id);
    const planned = ground.plan.phases.flatMap((phase) => phase.steps.map((step) => step.id));
    const alone = steps.filter((id) => planned.includes(id));
    expect(alone.length).toBeGreaterThanOrEqual(8);
    const refused: string[] = [];
    for (const id of alone) {
      const lab = await again();
      edit(lab, { talosCa: 'ab'.repeat(32), kubeSystem: 'another' });
      const selection = { steps: [id] };
      const before = changesReceived(lab);
      const { exit, records } = await carryOut(await survey({ selection }), lab, { selection });
      expect([id, changesReceived(lab) - before]).toEqual([id, 0]);
      expect(started(records).filter(({ risk, guards }) => risk !== 'read' && guards.every(({ ok }) => ok))).toEqual(
        [],
      );
      const own = endsOf(records).filter((record) => record.step === id);
      // What finds nothing to do has nothing to look twice for.
      const idle = exit === 0 && own.every(({ verdict }) => verdict === 'skipped');
      expect([id, exit, idle]).toEqual([id, idle ? 0 : 5, idle]);
      if (!idle) refused.push(id);
    }
    expect(refused).toEqual(expect.arrayContaining(alone.filter((id) => id.startsWith('talos/'))));
    expect(refused.length).toBeGreaterThan(5);
  });

  describe('and is gone, while the record stands', () => {
    /** Bare machines of the same hardware, and the record of the cluster that they were. */
    const rebuilt = async (): Promise<OpenLab> => {
      const lab = await bareWorld(ground);
      lab.model.files.write(path(lab), up.lab.model.files.read(path(up.lab))!, 0o644);
      return lab;
    };

    test('no second etcd cluster is made in one generation: refused', async () => {
      const lab = await rebuilt();
      const { exit, failure } = await runs(lab);
      expect([exit, failure?.step, failure?.page]).toEqual([5, 'talos/bootstrap', 'identity']);
      expect(failure?.cause).toMatch(/records an etcd cluster .* and no control plane shows one/);
      expect([lab.model.etcd.size, lab.received().filter(({ argv }) => argv[0] === 'bootstrap').length]).toEqual([
        0, 0,
      ]);
    });

    test('--repin with its name: the next generation, with consent and deviation in the journal', async () => {
      const lab = await rebuilt();
      const old = recordOf(lab);
      const { exit, records } = await runs(lab, { consents: { repin: 'infra' } });
      expect(exit).toBe(0);
      expect(records[0]).toMatchObject({ type: 'run-start', generation: 2 });
      expect(records.filter((r) => r.type === 'consent')).toEqual([
        expect.objectContaining({ what: 'repin', words: 'infra' }),
      ]);
      expect(records).toContainEqual(
        expect.objectContaining({
          type: 'deviation',
          what: expect.stringMatching(/generation 1 was retired, generation 2 begins/),
        }),
      );
      const record = recordOf(lab);
      expect(record).toMatchObject({ generation: 2, retired: [{ generation: 1, kubeSystem: old.kubeSystem }] });
      expect(record.etcdMembers?.length).toBeGreaterThan(0);
      // And it stands: the same command once more needs no consent, and changes nothing.
      expect(await runs(lab)).toMatchObject({ exit: 0, changes: 0 });
    });

    test('--repin with another name: refused, and nothing is put aside', async () => {
      const lab = await rebuilt();
      const old = recordOf(lab);
      await expect(runs(lab, { consents: { repin: 'apps' } })).rejects.toMatchObject({ exit: 5, page: 'identity' });
      expect(recordOf(lab)).toEqual(old);
      expect(changesReceived(lab)).toBe(0);
    });
  });
});

describe('an impostor in maintenance', () => {
  const leaked = (lab: OpenLab): string[] => lab.verdict().findings.filter((finding) => finding.includes('impostor'));

  test('the lab says by itself when secrets went to one, and the world is never whole again', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground, { faults: ['impostor@infra-05'] });
    // Nothing is recorded of infra-05 but what kind of disk it has, so whoever answers is trusted at first sight.
    const { records } = await carryOut(ground, lab);
    expect(leaked(lab)).toEqual([expect.stringMatching(/^infra-05: its machine config/)]);
    expect(records).toContainEqual(
      expect.objectContaining({
        type: 'deviation',
        what: expect.stringMatching(/infra-05: nothing was recorded of its machine/),
      }),
    );
    lab.lift();
    expect(leaked(lab)).toHaveLength(1);
  });

  test.each<[string, object]>([
    ['its serial stands in coldstart.yaml', { machines: { 'infra-05': { serial: 'SN-5' } } }],
    ['its MAC does', { machines: { 'infra-05': { mac: '02:00:5e:10:00:05' } } }],
    ['unknown machines are refused', { firstSight: 'refuse' }],
  ])('gets nothing where %s', async (_what, talos) => {
    const ground = await survey({ config: { talos: talos as never } });
    const lab = await bareWorld(ground, { faults: ['impostor@infra-05'] });
    const { exit, failure } = await carryOut(ground, lab);
    expect([exit, failure?.page]).toEqual([5, 'impostor']);
    expect(failure?.cause).toMatch(/machine/);
    expect([leaked(lab), changesReceived(lab)]).toEqual([[], 0]);
  });

  test('that comes after preflight gets nothing: it is looked who answers just before the config leaves', async () => {
    const ground = await survey();
    const lab = await bareWorld(ground);
    let looks = Number.NEGATIVE_INFINITY;
    const dial = lab.world.dial.bind(lab.world);
    lab.world.dial = (host, port, deadline) => {
      // The step looks, waits for its turn, and looks again; the third look is the guard's.
      if (host === '192.0.2.12' && ++looks === 2) lab.ask('impostor@infra-02');
      return dial(host, port, deadline);
    };
    const { exit, failure, records } = await carryOut(ground, lab, {
      on: (record) => {
        if (record.type === 'look' && record.step === 'talos/apply-controlplanes' && record.item === 'infra-02')
          looks = Math.max(looks, 0);
      },
    });
    expect([exit, failure?.step, failure?.item, failure?.page]).toEqual([
      5,
      'talos/apply-controlplanes',
      'infra-02',
      'impostor',
    ]);
    expect(started(records).find((r) => r.item === 'infra-02')?.guards).toEqual([
      expect.objectContaining({ id: 'talos/identity', ok: false }),
    ]);
    expect(leaked(lab)).toEqual([]);
  });

  test('at the address of a recorded machine gets nothing, and the operator may accept a replaced one', async () => {
    const lab = await bareWorld(await survey());
    const record = { schema: 'coldstart.identity/1', cluster: 'infra', machines: { 'infra-05': { serial: 'OLD' } } };
    lab.model.files.write(path(lab), new TextEncoder().encode(JSON.stringify(record)), 0o644);
    const refused = await carryOut(await survey(), lab);
    expect([refused.exit, refused.failure?.cause]).toEqual([
      5,
      expect.stringMatching(/another machine answers for infra-05 .*expected serial OLD \(identity.json\), seen LAB-/),
    ]);
    const accepted = await carryOut(await survey({ config: { talos: { acceptMachines: ['infra-05'] } } }), lab);
    expect(accepted.exit).toBe(0);
    expect(accepted.records).toContainEqual(
      expect.objectContaining({
        type: 'deviation',
        what: expect.stringMatching(/another machine than recorded was accepted/),
      }),
    );
    expect(started(accepted.records).find((r) => r.item === 'infra-05')?.consent).toBe('--accept-machine infra-05');
    expect(recordOf(lab).machines?.['infra-05']).not.toMatchObject({ serial: 'OLD' });
  });
});
