import type { ChangingStep, Facts, Look, Observation } from '@coldstart/contract';
import { classifyTalos } from '../classify.ts';
import { explain } from '../diagnose/explain.ts';
import { diagnoseNode } from '../diagnose/node.ts';
import { controlPlanesOf, policyOf, workersOf, type Role, type TalosNode } from '../facts.ts';
import { adviceFor } from '../remedies.ts';
import { reachOf } from '../node/ask.ts';
import { foreignNode } from '../node/foreign.ts';
import { lookAtNode, type NodeLook } from '../node/look.ts';
import { APPLY_ACTION, APPLY_STEPS, lastSent, sinceThen } from '../node/past.ts';
import { compareRunningConfig } from '../node/running-config.ts';
import { judgeMachine, machineDeviations, refusalOf } from '../machine/judge.ts';
import { client, endpoint } from '../talosctl/argv.ts';
import { talosctl } from './actions.ts';

/**
 * Gives each node of a role its machine config and waits until it answers with a certificate of the repository's CA.
 * Control planes stay `booting` until etcd is bootstrapped, so no stage but `maintenance` is waited for.
 */
export function applyStep(
  role: Role,
  about: Pick<ChangingStep<TalosNode>, 'id' | 'title' | 'needs' | 'provides' | 'tolerate'>,
): ChangingStep<TalosNode> {
  const nodes = role === 'controlplane' ? controlPlanesOf : workersOf;
  return {
    ...about,
    kind: 'change',
    phase: 'talos',
    criteria: [
      {
        id: `${about.id}/configured`,
        title: `Every ${role === 'worker' ? 'worker' : 'control plane'} runs its machine config`,
        needs: 'any',
      },
    ],
    forEach: (facts) => nodes(facts).map((node) => ({ key: node.name, item: node })),
    // The width bounds the call: installs go on side by side, and one node's failure is its own.
    standing: true,
    limit: (facts) => ({ n: policyOf(facts).apply.parallel, hold: 'act', onFailure: 'continue' }),
    observe: (look) => observe(look, about.provides),
    plan: ({ item, facts }) => [
      talosctl({
        id: APPLY_ACTION,
        why: `give ${item.name} its machine config`,
        target: item.name,
        argv: [
          'apply-config',
          { ref: 'seen/access', show: '--insecure while in maintenance, else the talosconfig' },
          '-n',
          endpoint(item.address, policyOf(facts).port),
          '-f',
          item.config,
        ],
        deadline: policyOf(facts).apply.deadline,
        risk: 'change',
        ...(policyOf(facts).acceptMachines.includes(item.name) && { consent: `--accept-machine ${item.name}` }),
        guard: ['talos/identity'],
      }),
    ],
    classify: classifyTalos,
    retry: (facts) => {
      const { first, factor, max, retries, jitter } = policyOf(facts).apply;
      return { first, factor, max, retries, jitter };
    },
    settle: (facts) => {
      const { every, within, stable } = policyOf(facts).verify;
      return { every, within, stableFor: stable };
    },
    diagnose: async (look) => diagnoseNode(look, look.item),
    explain,
  };
}

async function observe(look: Look<TalosNode>, provides: string[]): Promise<Observation> {
  const { world, facts, item } = look;
  const seen = await lookAtNode(world, reachOf(facts), item);
  switch (seen.class) {
    case 'foreign':
      return foreignNode(item, seen);
    case 'configured':
      return configured(look, seen, provides);
    case 'maintenance':
      return inMaintenance(look, seen);
    default:
      return away(look, seen);
  }
}

/** In maintenance: its config is due, unless it has just taken one and is about to leave. Coming back is a fall-back. */
async function inMaintenance(look: Look<TalosNode>, seen: NodeLook): Promise<Observation> {
  const { world, facts, item, past } = look;
  const sent = lastSent(past, APPLY_STEPS, item.name, APPLY_ACTION);
  const { left } = policyOf(facts).verify;
  if (sent && sinceThen(world, sent) < left)
    return {
      state: 'converging',
      signals: seen.signals,
      cause: `${item.name} has taken its config and has not left maintenance yet`,
    };
  const machine = await judgeMachine(look, item);
  const signals = [...seen.signals, ...machine.signals];
  const refusal = refusalOf(machine, item, policyOf(facts).firstSight);
  if (refusal) return { state: machine.is === 'untold' ? 'unknown' : 'blocked', refuse: true, signals, ...refusal };
  return {
    state: 'needed',
    signals,
    facts: {
      access: ['--insecure', ...(machine.fingerprint === null ? [] : [`--cert-fingerprint=${machine.fingerprint}`])],
    },
    pins: machine.pins,
    deviations: machineDeviations(machine, item),
    ...(sent && {
      cause: `${item.name} is in maintenance again after it took its config: the install failed, or it booted from another medium`,
      remedy:
        "Look at the node's console for the installer's last lines: its image may not be pulled, or the disk not written. Then give the same command again.",
      page: 'fell-back',
    }),
  };
}

async function configured(
  { world, facts, item }: Look<TalosNode>,
  seen: NodeLook,
  provides: string[],
): Promise<Observation> {
  const reach = reachOf(facts);
  const running = await compareRunningConfig(world, reach, item);
  const signals = [...seen.signals, ...running.signals];
  if (running.untold)
    return {
      state: 'unknown',
      signals,
      cause: `${item.name} does not tell its config: ${running.untold.message}`,
      ...adviceFor(running.untold.cause),
    };
  if (running.how === 'another-node')
    return {
      state: 'blocked',
      refuse: true,
      signals,
      cause: `another node answers at ${item.address}: ${running.signals[0]?.observed}`,
      remedy: `Give ${item.name} the address at which it answers (talconfig.yaml, or talos.nodes in coldstart.yaml).`,
      page: 'wrong-node',
    };
  const done: Observation = {
    state: 'done',
    signals,
    facts: Object.fromEntries(provides.map((fact) => [fact, { node: item.name }])),
  };
  if (running.how === 'same') return done;
  if (policyOf(facts).apply.reapply)
    return {
      state: 'needed',
      signals,
      facts: { access: [...client(reach), '-e', endpoint(item.address, reach.port), '--mode=no-reboot'] },
      cause: `${item.name} runs a config that differs at ${running.at.join(', ')}`,
    };
  return {
    ...done,
    deviations: [
      `${item.name} runs a config that differs from ${item.config} at ${running.at.join(', ')}; it was left as it is (--reapply applies it)`,
    ],
  };
}

/** Not to be asked just now. After a config was sent that is the install; before, nothing is known. */
function away({ world, facts, item, past }: Look<TalosNode>, seen: NodeLook): Observation {
  const why =
    seen.fault?.message ??
    (seen.class === 'refused' ? 'the port refuses connections' : 'nothing answers at its address');
  const sent = lastSent(past, APPLY_STEPS, item.name, APPLY_ACTION);
  if (sent && sinceThen(world, sent) < policyOf(facts).verify.within)
    return {
      state: 'converging',
      signals: seen.signals,
      cause: `${item.name} took its config and has not come back: ${why}`,
      remedy:
        "Look at the node's console: it pulls the installer image, installs, or runs its firmware's self-test. Then give the same command again.",
      page: 'not-back',
    };
  return {
    state: 'unknown',
    signals: seen.signals,
    cause: `${item.name} (${item.address}) cannot be asked: ${why}`,
    ...adviceFor(seen.fault?.cause ?? (seen.class === 'refused' ? 'connection-refused' : 'timed-out')),
  };
}

/** Whether a node took its config so recently that it may still be installing. */
export function installing(look: { world: Look['world']; facts: Facts; past: Look['past'] }, node: TalosNode): boolean {
  const sent = lastSent(look.past, APPLY_STEPS, node.name, APPLY_ACTION);
  return sent !== undefined && sinceThen(look.world, sent) < policyOf(look.facts).verify.within;
}
