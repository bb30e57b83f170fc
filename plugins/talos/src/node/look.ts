import type { Reader, Signal } from '@coldstart/contract';
import { ask } from '../talosctl/argv.ts';
import type { Fault } from '../talosctl/failure.ts';
import { parseMachineStatus, type MachineStatus } from '../talosctl/machinestatus.ts';
import { askNode, read, type Access, type Reach } from './ask.ts';

/**
 * What a machine is, as far as the network tells:
 * - `maintenance`  it has no config and waits for one
 * - `configured`   it shows a certificate of the repository's CA, whatever its stage
 * - `refused`      something is there and the port is closed: it installs, reboots, or Talos is not running
 * - `silent`       nothing answers at the address
 * - `foreign`      it is configured, by another CA: another cluster's node, or one with stale secrets
 * - `unknown`      it answered, and nothing certain follows from it; look again
 */
export type NodeClass = 'maintenance' | 'configured' | 'refused' | 'silent' | 'foreign' | 'unknown';

export type NodeLook = {
  class: NodeClass;
  /** Where it told one. */
  status: MachineStatus | null;
  /** Why it could not be asked more; null for `maintenance` and `configured`. */
  fault: Fault | null;
  signals: Signal[];
};

/**
 * Looks at one node through what its port and both kinds of call say. Maintenance and a configured node are told apart
 * by certificates, never by one text: a secure call that meets an unknown CA may be maintenance, a stranger, or a node
 * that changes from one to the other just now, so a third call settles what two leave open.
 */
export async function lookAtNode(
  world: Reader,
  reach: Reach,
  node: { name: string; address: string },
): Promise<NodeLook> {
  const port = await world.dial(node.address, reach.port, reach.dial);
  const told = (kind: NodeClass, status: MachineStatus | null, fault: Fault | null): NodeLook => ({
    class: kind,
    status,
    fault,
    signals: signalsOf(node.name, reach.port, port, kind, status, fault),
  });
  if (port === 'refused') return told('refused', null, null);
  if (port !== 'open') return told('silent', null, null);

  const trusted = await stageBy(world, reach, node.address, 'secure');
  if (trusted.ok) return told(classByStage('configured', trusted.value), trusted.value, null);
  const first = classOf(trusted.fault);
  if (first !== 'unauthenticated') return told(first, null, trusted.fault);

  const open = await stageBy(world, reach, node.address, 'insecure');
  if (open.ok) return told('maintenance', open.value, null);

  // It asks for a certificate after all: either ours by now, or a stranger's.
  const again = await stageBy(world, reach, node.address, 'secure');
  if (again.ok) return told(classByStage('configured', again.value), again.value, null);
  const second = classOf(again.fault);
  if (second !== 'unauthenticated') return told(second, null, again.fault);
  return told(open.fault.cause === 'client-certificate-wanted' ? 'foreign' : 'unknown', null, again.fault);
}

async function stageBy(
  world: Reader,
  reach: Reach,
  address: string,
  access: Access,
): Promise<{ ok: true; value: MachineStatus } | { ok: false; fault: Fault }> {
  return read(await askNode(world, reach, address, access, ask.stage), parseMachineStatus);
}

/** A node that says `maintenance` behind our own CA has no config yet, whoever gave it that certificate. */
const classByStage = (kind: NodeClass, status: MachineStatus): NodeClass =>
  status.stage === 'maintenance' ? 'unknown' : kind;

/** What a failed secure call says of the node; `unauthenticated`: its certificate is of no CA that we know. */
function classOf(fault: Fault): NodeClass | 'unauthenticated' {
  switch (fault.cause) {
    case 'foreign-ca':
      return 'foreign';
    case 'unknown-authority':
      return 'unauthenticated';
    case 'connection-refused':
      return 'refused';
    case 'timed-out':
    case 'no-route':
    case 'handshake-silent':
    case 'name-not-found':
      return 'silent';
    default:
      return 'unknown';
  }
}

function signalsOf(
  subject: string,
  portNumber: number,
  port: string,
  kind: NodeClass,
  status: MachineStatus | null,
  fault: Fault | null,
): Signal[] {
  const signals: Signal[] = [
    { name: 'port', subject, expected: 'open', observed: port, ok: port === 'open', source: `TCP ${portNumber}` },
    {
      name: 'node',
      subject,
      expected: 'maintenance or configured',
      observed: fault ? `${kind}: ${fault.message}` : kind,
      ok: kind === 'maintenance' || kind === 'configured',
      source: 'talosctl get machinestatus',
    },
  ];
  if (status)
    signals.push({
      name: 'stage',
      subject,
      expected: 'told',
      observed: status.stage,
      ok: true,
      source: 'talosctl get machinestatus',
    });
  return signals;
}
