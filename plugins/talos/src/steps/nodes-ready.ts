import type { CheckingStep, Look, Observation, Signal } from '@coldstart/contract';
import { nodesOf, policyOf, type TalosNode } from '../facts.ts';
import { adviceFor, type Advice } from '../remedies.ts';
import { judgeMachine, lacksDiskOnly, refusalOf } from '../machine/judge.ts';
import { reachOf } from '../node/ask.ts';
import { checkBootVersion, checkDisk, checkLinks, told, type Checked } from '../node/inspect.ts';
import { foreignNode } from '../node/foreign.ts';
import { lookAtNode, type NodeLook } from '../node/look.ts';
import { compareRunningConfig } from '../node/running-config.ts';
import type { Fault } from '../talosctl/failure.ts';
import { installing } from './apply.ts';

/** Every node answers, and is in maintenance with what its config wants, or configured by the repository's CA. */
export const nodesReady: CheckingStep<TalosNode> = {
  id: 'talos/nodes-ready',
  kind: 'preflight',
  phase: 'talos',
  title: 'Nodes answer and fit their configs',
  needs: ['talos/nodes', 'talos/cluster', 'talos/policy'],
  provides: [],
  criteria: [{ id: 'talos/nodes-ready/all', title: 'Every node passed its preflight', needs: 'any' }],
  forEach: (facts) => nodesOf(facts).map((node) => ({ key: node.name, item: node })),
  settle: (facts) => {
    const { tries, every, dial } = policyOf(facts).preflight;
    return { every, within: (every + dial) * (tries - 1), stableFor: 0 };
  },
  observe: async (look) => {
    const { world, facts, item } = look;
    const seen = await lookAtNode(world, reachOf(facts), item);
    const found = await byClass(look, seen);
    const machine = found.signals.find((signal) => signal.name === 'machine')?.observed;
    const row = { role: item.role, address: item.address, class: seen.class, stage: seen.status?.stage ?? null };
    return { ...found, facts: { 'talos/node': { ...row, machine: machine ?? null } } };
  },
};

function byClass(look: Look<TalosNode>, seen: NodeLook): Observation | Promise<Observation> {
  const { item } = look;
  if (seen.class === 'maintenance') return inMaintenance(look, seen);
  if (seen.class === 'configured') return configured(look, seen);
  if (seen.class === 'foreign') return foreignNode(item, seen);
  return away(look, seen);
}

const LINKS: Advice = {
  remedy:
    'Check cables and switch ports, and the names of the links in the machine config; then give the same command again.',
  page: 'link-down',
};
const MTU: Advice = {
  remedy:
    'Make the MTU of the config, the link and every switch port between the nodes the same; then give the same command again.',
  page: 'mtu',
};
const isMtu = ({ name }: Signal): boolean => name.startsWith('MTU of ');

async function inMaintenance(look: Look<TalosNode>, seen: NodeLook): Promise<Observation> {
  const { world, facts, item } = look;
  const reach = reachOf(facts);
  const [machine, disk, version, links] = await Promise.all([
    judgeMachine(look, item),
    checkDisk(world, reach, item),
    checkBootVersion(world, reach, item),
    checkLinks(world, reach, item, 'insecure'),
  ]);
  const signals = [...seen.signals, ...machine.signals, ...version.signals, ...disk.signals, ...links];
  const refusal = refusalOf(machine, item, policyOf(facts).firstSight);
  // Where only the disk is not there, the disk is what the operator has to look at.
  if (refusal && machine.is !== 'untold' && !(machine.is === 'another' && lacksDiskOnly(machine)))
    return { state: 'blocked', refuse: true, signals, ...refusal };
  const fits = verdict(item, signals, [
    [version, adviceFor('unknown-keys')],
    [disk, adviceFor('disk-not-found')],
    [told(...links), LINKS],
  ]);
  return fits.state === 'done' && refusal ? { state: 'unknown', signals, ...refusal } : fits;
}

async function configured({ world, facts, item }: Look<TalosNode>, seen: NodeLook): Promise<Observation> {
  const reach = reachOf(facts);
  const [running, links] = await Promise.all([
    compareRunningConfig(world, reach, item),
    checkLinks(world, reach, item, 'secure'),
  ]);
  const wrongNode: Advice = {
    remedy: `Give ${item.name} the address at which it answers (talconfig.yaml, or talos.nodes in coldstart.yaml).`,
    page: 'wrong-node',
  };
  return verdict(
    item,
    [...seen.signals, ...running.signals, ...links],
    [
      [running, wrongNode],
      [told(...links.filter((signal) => !isMtu(signal))), LINKS],
      [told(...links.filter(isMtu)), MTU],
    ],
  );
}

function verdict(node: TalosNode, signals: Signal[], judged: [Checked, Advice][]): Observation {
  for (const [of, advice] of judged) {
    const bad = of.signals.find((signal) => !signal.ok);
    if (!bad) continue;
    // What was not told may be told at the next look; what is wrong stays wrong.
    if (of.untold) return untold(node, signals, bad, of.untold);
    return {
      state: 'blocked',
      signals,
      cause: `${bad.name} of ${node.name}: expected ${say(bad.expected)}, found ${say(bad.observed)}`,
      ...advice,
    };
  }
  return { state: 'done', signals };
}

/** A question that got no answer says nothing of what was asked for: the way to the node is what must be looked at. */
const untold = (node: TalosNode, signals: Signal[], { name, observed }: Signal, { cause }: Fault): Observation => ({
  state: 'unknown',
  signals,
  cause: `${name} of ${node.name} (${node.address}) was ${say(observed)}`,
  ...adviceFor(cause),
});

const say = (value: Signal['observed']): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A node that took its config a moment ago, in a run that was cut short, installs and cannot be asked: that is no fault. */
function away(look: Look<TalosNode>, seen: NodeLook): Observation {
  const { item } = look;
  if ((seen.class === 'refused' || seen.class === 'silent') && installing(look, item))
    return {
      state: 'done',
      signals: [
        {
          name: 'node',
          subject: item.name,
          expected: 'answers, or installs',
          observed: `${seen.class}; it took its config earlier and may be installing`,
          ok: true,
          source: `TCP ${policyOf(look.facts).port}`,
        },
      ],
    };
  const allowed = policyOf(look.facts).allowMissingWorkers;
  // How many are missing in the end is judged once workers have registered.
  if (item.role === 'worker' && allowed > 0)
    return {
      state: 'done',
      signals: seen.signals,
      deviations: [`the worker ${item.name} does not answer (--allow-missing-workers ${allowed})`],
    };
  const cause = seen.fault?.cause ?? (seen.class === 'refused' ? 'connection-refused' : 'timed-out');
  return {
    state: 'unknown',
    signals: seen.signals,
    cause: `${item.name} (${item.address}) does not answer: ${seen.fault?.message ?? (seen.class === 'refused' ? 'connection refused' : 'no answer')}`,
    ...adviceFor(cause),
  };
}
