import { createHash } from 'node:crypto';
import type { CheckingStep, Facts, Look, Observation, Reader, Signal } from '@coldstart/contract';
import { gatherViews } from '../detector/gather.ts';
import { signalsOf } from '../detector/signals.ts';
import { itself } from '../detector/role.ts';
import { detect } from '../detector/verdict.ts';
import type { ControlPlaneView } from '../detector/view.ts';
import { diagnoseControlPlanes } from '../diagnose/control-planes.ts';
import { explain } from '../diagnose/explain.ts';
import { controlPlanesOf, policyOf, type TalosNode } from '../facts.ts';
import { askNode, reachOf, read } from '../node/ask.ts';
import { adviceFor } from '../remedies.ts';
import { ask } from '../talosctl/argv.ts';
import { parseEtcdStatus, type EtcdStatus } from '../talosctl/etcd-status.ts';

/** Every control plane is a voting member of one etcd cluster, with one leader and term, and none lags behind. */
export const etcd: CheckingStep = {
  id: 'talos/etcd',
  kind: 'check',
  phase: 'talos',
  title: 'etcd has all control planes as voting members',
  standing: true,
  needs: ['talos/cluster', 'talos/nodes', 'talos/policy', 'talos/bootstrapped'],
  provides: ['talos/etcd'],
  criteria: [
    {
      id: 'talos/etcd/voting',
      title: 'All control planes are voting members of one etcd cluster, no learner is left',
      needs: 'any',
    },
  ],
  settle: (facts) => {
    const { every, within } = policyOf(facts).etcd;
    return { every, within, stableFor: 0 };
  },
  observe,
  diagnose: diagnoseControlPlanes,
  explain,
};

async function observe({ world, facts, past }: Look): Promise<Observation> {
  const views = await gatherViews(world, facts, past);
  const detection = detect(views);
  const signals = signalsOf(detection);
  const why = detection.reasons.join('; ');
  if (detection.verdict === 'split')
    return {
      state: 'blocked',
      refuse: true,
      signals,
      cause: `there is more than one etcd cluster: ${why}`,
      remedy: 'Decide which one holds your data, and reset the control planes of the other.',
      page: 'etcd-split',
    };
  if (detection.verdict === 'safe')
    return {
      state: 'converging',
      signals,
      cause: `no etcd cluster is there: ${why}`,
      remedy: 'Bootstrap it: coldstart talos bootstrap CLUSTER.',
      page: 'etcd-gate',
    };
  const outside = detection.rows.filter((row) => row.etcd !== 'member');
  if (detection.verdict === 'joining' && outside.length > 0 && outside.every((row) => row.class === 'maintenance'))
    return {
      state: 'blocked',
      signals,
      cause: `without a machine config, and so no members: ${outside.map((row) => row.node).join(', ')}`,
      remedy: 'Give them their configs: coldstart talos apply CLUSTER.',
      page: 'etcd-gate',
    };
  if (detection.verdict !== 'done')
    return {
      state: 'converging',
      signals,
      cause: `not all control planes are voting members: ${why}`,
      remedy:
        'Look at the services of the named node and at ports 2379 and 2380 between control planes; a learner takes about 5 minutes.',
      page: 'etcd-gate',
    };

  // Two looks: one cluster, and none of them stuck between.
  const first = await statuses(world, facts);
  const second = await statuses(world, facts);
  const judged = [...memberSignals(views), ...statusSignals(first, second, policyOf(facts).etcd.lag)];
  const bad = judged.find((signal) => !signal.ok);
  const all = [...signals, ...judged];
  if (bad)
    return {
      state: 'converging',
      signals: all,
      cause: `${bad.name}${bad.subject ? ` of ${bad.subject}` : ''}: expected ${String(bad.expected)}, found ${String(bad.observed)}`,
      ...adviceFor('etcd-not-up'),
    };
  return {
    state: 'done',
    signals: all,
    facts: { 'talos/etcd': { clusterId: clusterId(views), members: views.map((view) => view.node) } },
  };
}

type Told = { node: TalosNode; status: EtcdStatus | null; trouble: string | null };

async function statuses(world: Reader, facts: Facts): Promise<Told[]> {
  const reach = reachOf(facts);
  return Promise.all(
    controlPlanesOf(facts).map(async (node) => {
      const told = read(await askNode(world, reach, node.address, 'secure', ask.etcdStatus), parseEtcdStatus);
      return told.ok
        ? { node, status: told.value, trouble: null }
        : { node, status: null, trouble: told.fault.message };
    }),
  );
}

const memberIds = (view: ControlPlaneView): string[] => (view.members ?? []).map((member) => member.id).sort();

/**
 * talosctl shows no cluster id. The set of member ids stands for it: ids are random per cluster and member, and every
 * control plane must tell the same set. Changes when a member is replaced.
 */
function clusterId(views: readonly ControlPlaneView[]): string {
  return createHash('sha256')
    .update(memberIds(views[0] as ControlPlaneView).join(','))
    .digest('hex')
    .slice(0, 16);
}

function memberSignals(views: readonly ControlPlaneView[]): Signal[] {
  const source = 'talosctl etcd members';
  const expected = memberIds(views[0] as ControlPlaneView).join(', ');
  const same = views.map((view): Signal => ({
    name: 'etcd members',
    subject: view.node,
    expected,
    observed: memberIds(view).join(', '),
    ok: memberIds(view).join(', ') === expected,
    source,
  }));
  const own = new Set(views.map((view) => itself(view)?.id));
  const strangers = (views[0]?.members ?? []).filter((member) => !own.has(member.id));
  return [
    ...same,
    {
      name: 'further members',
      expected: 'none',
      observed: strangers.map((m) => m.hostname).join(', ') || 'none',
      ok: strangers.length === 0,
      source,
    },
  ];
}

function statusSignals(first: readonly Told[], second: readonly Told[], lag: number): Signal[] {
  const source = 'talosctl etcd status, two looks';
  const silent = [...first, ...second].find((told) => told.status === null);
  if (silent)
    return [
      { name: 'etcd status', subject: silent.node.name, expected: 'told', observed: silent.trouble, ok: false, source },
    ];
  const looks = [first, second].map((look) => look.map((told) => told.status as EtcdStatus));
  const one = <T extends string | number | null>(name: string, of: (s: EtcdStatus) => T): Signal => {
    const values = [...new Set(looks.flat().map(of))];
    return {
      name,
      expected: 'one, the same in both looks',
      observed: values.map((v) => v ?? 'none').join(', '),
      ok: values.length === 1 && values[0] !== null,
      source,
    };
  };
  const behind = looks.map((look) => Math.max(...look.map((s) => s.index)) - Math.min(...look.map((s) => s.applied)));
  const alarms = second.filter((told) => told.status?.errors !== '');
  return [
    one('etcd leader', (s) => s.leader),
    one('etcd term', (s) => s.term),
    {
      name: 'entries behind',
      expected: `at most ${lag}`,
      observed: behind.join(', '),
      ok: behind.every((n) => n <= lag),
      source,
    },
    {
      name: 'etcd alarms',
      expected: 'none',
      observed: alarms.map((told) => `${told.node.name}: ${told.status?.errors}`).join('; ') || 'none',
      ok: alarms.length === 0,
      source,
    },
  ];
}
