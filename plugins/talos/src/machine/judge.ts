import { isDeepStrictEqual } from 'node:util';
import { readIdentity, type Facts, type Json, type Pin, type Reader, type Signal } from '@coldstart/contract';
import { policyOf, type TalosNode } from '../facts.ts';
import { reachOf } from '../node/ask.ts';
import { adviceFor } from '../remedies.ts';
import { askHardware, hardwarePin, showHardware, type Hardware } from './hardware.ts';
import { statementsFrom, statementsOf, type Statement } from './known.ts';
import { matchMachine, showCompared, type Compared, type Match } from './match.ts';

/** Whether the machine that answers in maintenance may be given a node's config. */
export type MachineVerdict = Match & {
  /** The operator accepts whatever answers, this once (`--accept-machine`). */
  accepted: boolean;
  signals: Signal[];
  hardware: Hardware;
  /** The certificate that talosctl has to find, where the operator read it from the console. */
  fingerprint: string | null;
  /** What of it is to be recorded. */
  pins: Pin[];
};

/**
 * Looks who answers in maintenance at a node's address, and holds it against what is recorded: a machine config carries the
 * cluster's secrets, and in maintenance neither side shows a certificate that the other could check.
 */
export async function judgeMachine(
  at: { world: Reader; cluster: string; facts: Facts },
  node: TalosNode,
): Promise<MachineVerdict> {
  const policy = policyOf(at.facts);
  const identity = await readIdentity(at.world, at.cluster);
  const statements = statementsOf(node, policy, identity);
  const ask = (): Promise<Hardware> => askHardware(at.world, reachOf(at.facts), node.address);
  const accepted = policy.acceptMachines.includes(node.name);
  const about = { accepted, fingerprint: policy.machines[node.name]?.certFingerprint ?? null };
  const first = await ask();
  const match = matchMachine(statements, first);
  const replace = accepted && match.is !== 'same';
  const value = hardwarePin(first);
  const due = value && (match.is !== 'another' || accepted) && (!identity?.machines?.[node.name] || replace);
  const judged = due ? await seenAgain(statements, { match, value }, ask) : { match, hardware: first, steady: false };
  return {
    ...about,
    ...judged.match,
    hardware: judged.hardware,
    signals: [signalOf(node, judged.match, judged.hardware, accepted)],
    pins: due && judged.steady ? [{ at: ['machines', node.name], value, replace }] : [],
  };
}

/**
 * A machine's face is put together from three answers, and between them an address may come to another machine, or two
 * machines hold it at once. So what is to be recorded is looked at twice, and has to be the same both times.
 */
async function seenAgain(
  statements: readonly Statement[],
  first: { match: Match; value: { [key: string]: Json } },
  ask: () => Promise<Hardware>,
): Promise<{ match: Match; hardware: Hardware; steady: boolean }> {
  const hardware = await ask();
  if (isDeepStrictEqual(hardwarePin(hardware), first.value)) return { match: first.match, hardware, steady: true };
  const match = matchMachine([...statements, ...statementsFrom(first.value, 'a look before')], hardware);
  return { match: { ...match, is: match.is === 'another' ? 'another' : 'untold' }, hardware, steady: false };
}

function signalOf(node: TalosNode, { is, compared }: Match, hardware: Hardware, accepted: boolean): Signal {
  const matched = compared.filter((one) => one.is === 'same').map(showCompared);
  return {
    name: 'machine',
    subject: node.name,
    expected: compared.map(showCompared).join(', ') || 'any: nothing is recorded of it',
    observed: is === 'same' ? `matched: ${matched.join(', ')}` : `${WORDS[is]}: ${showHardware(hardware)}`,
    ok: is === 'same' || is === 'unknown' || accepted,
    source: 'talosctl get systeminformation, links, disks',
  };
}

const WORDS = { another: 'another machine', untold: 'not told', unknown: 'first sight' } as const;

/** Why a machine is not given the config; undefined where it may have it. */
export function refusalOf(
  { is, compared, accepted, hardware, fingerprint }: MachineVerdict,
  node: TalosNode,
  firstSight: 'accept' | 'refuse',
): { cause: string; remedy: string; page: string } | undefined {
  // A fingerprint that does not fit ends the call before anything is sent: it is proof enough.
  if (fingerprint !== null && is !== 'another') return undefined;
  if (accepted || is === 'same' || (is === 'unknown' && firstSight === 'accept')) return undefined;
  const at = `${node.name} (${node.address})`;
  const advice = adviceFor('another-machine');
  if (is === 'unknown')
    return {
      ...advice,
      cause: `nothing is recorded of the machine that answers for ${at}: it shows ${showHardware(hardware)}`,
    };
  if (is === 'untold')
    return {
      ...(hardware.late ? adviceFor(hardware.late.cause) : advice),
      cause: `the machine that answers for ${at} does not tell what is recorded of it: ${compared.map(showCompared).join(', ')}${hardware.late ? ` (${hardware.late.message})` : ''}`,
    };
  return {
    ...advice,
    cause: `another machine answers for ${at}: ${compared.filter(isWrong).map(contradiction).join(', ')}`,
  };
}

const isWrong = ({ is }: Compared): boolean => is === 'another';
const contradiction = (one: Compared): string => `expected ${showCompared(one)}, seen ${one.seen.join(' ') || 'none'}`;

/** What departs from "only to a machine that is recorded"; empty where it matched. */
export function machineDeviations(
  { is, accepted, hardware, compared, fingerprint }: MachineVerdict,
  node: TalosNode,
): string[] {
  const seen = showHardware(hardware);
  if (is === 'same' || (fingerprint !== null && is !== 'another')) return [];
  if (accepted && is !== 'unknown')
    return [
      `${node.name}: another machine than recorded was accepted (--accept-machine): expected ${compared.map(showCompared).join(', ')}, seen ${seen}`,
    ];
  if (accepted) return [`${node.name}: the machine was accepted (--accept-machine): ${seen}`];
  return is === 'unknown'
    ? [`${node.name}: nothing was recorded of its machine; the one that answered was trusted at first sight: ${seen}`]
    : [];
}

/** Whether only the disk that the config names is missing: the machine may be the right one, and its disk another. */
export const lacksDiskOnly = ({ compared }: Match): boolean =>
  compared.filter(isWrong).every(({ what, from }) => what === 'disk' && from === 'the machine config');
