import type { Facts, Past, Reader } from '@coldstart/contract';
import { controlPlanesOf, policyOf, type TalosNode } from '../facts.ts';
import { askNode, reachOf, read, type Reach } from '../node/ask.ts';
import { lookAtNode } from '../node/look.ts';
import { APPLY_ACTION, APPLY_STEPS, lastSent } from '../node/past.ts';
import { ask } from '../talosctl/argv.ts';
import { parseEtcdMembers } from '../talosctl/etcd-members.ts';
import { parseServices } from '../talosctl/services.ts';
import type { ControlPlaneView } from './view.ts';

/** Asks every control plane at once; who does not answer is a view that says so. */
export async function gatherViews(world: Reader, facts: Facts, past: readonly Past[]): Promise<ControlPlaneView[]> {
  const reach = reachOf(facts);
  const assumed = policyOf(facts).assumeEmpty;
  return Promise.all(
    controlPlanesOf(facts).map(async (node) => ({
      ...(await viewOf(world, reach, node)),
      appliedHere: lastSent(past, APPLY_STEPS, node.name, APPLY_ACTION) !== undefined,
      assumedEmpty: assumed.includes(node.name),
    })),
  );
}

type Seen = Omit<ControlPlaneView, 'appliedHere' | 'assumedEmpty'>;

async function viewOf(world: Reader, reach: Reach, node: TalosNode): Promise<Seen> {
  const look = await lookAtNode(world, reach, node);
  const seen: Seen = {
    node: node.name,
    address: node.address,
    class: look.class,
    service: null,
    members: null,
    trouble: look.fault?.message ?? null,
  };
  if (look.class !== 'configured') return seen;

  const services = read(await askNode(world, reach, node.address, 'secure', ask.services), parseServices);
  if (!services.ok) return { ...seen, trouble: services.fault.message };
  const service = services.value.find((s) => s.name === 'etcd')?.state ?? '';
  if (service !== 'Running') return { ...seen, service };

  const members = read(await askNode(world, reach, node.address, 'secure', ask.etcdMembers), parseEtcdMembers);
  return members.ok
    ? { ...seen, service, members: members.value }
    : { ...seen, service, trouble: members.fault.message };
}
