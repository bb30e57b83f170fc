import { isIP } from 'node:net';
import { EXIT, type Facts, type Json, Problem } from '@coldstart/contract';
import { z } from 'zod';
import type { Expected } from '../model.ts';

const text = z.string().nullable().default(null);
const Node = z.object({
  name: z.string(),
  address: z.string(),
  role: z.enum(['controlplane', 'worker']),
  diskSelector: z.record(z.string(), z.json()).nullable().default(null),
  disk: text,
  mtu: z.number().nullable().default(null),
  links: z.array(z.string()).default([]),
  talosVersion: text,
  macs: z.array(z.string()).default([]),
});
const Known = z.object({
  machines: z
    .record(z.string(), z.object({ serial: text, uuid: text, mac: z.array(z.string()).default([]) }))
    .default({}),
});
const Cluster = z.object({
  endpoint: text,
  vip: text,
  caFingerprint: text,
  talosVersion: text,
  kubernetesVersion: text,
});

/**
 * What the surveys told of the machines, read from their facts `talos/nodes` and `talos/cluster`.
 * Throws a Problem where there are no nodes, or where an address or a name cannot be one.
 */
export function expectedFrom(cluster: string, facts: Facts): Expected {
  const nodes = z.array(Node).safeParse(facts['talos/nodes'] ?? []);
  if (!nodes.success)
    throw unusable(`the nodes that were surveyed cannot be simulated: ${z.prettifyError(nodes.error)}`);
  const told = Cluster.safeParse(facts['talos/cluster'] ?? {});
  if (!told.success)
    throw unusable(`the cluster that was surveyed cannot be simulated: ${z.prettifyError(told.error)}`);
  if (nodes.data.length === 0) throw unusable(`no nodes are known of cluster ${cluster}`);
  const seen = new Map<string, string>();
  for (const { name, address } of nodes.data) {
    if (isIP(address) === 0) throw unusable(`node ${name}: ${JSON.stringify(address)} is not an IP address`);
    for (const one of [name, address]) {
      const other = seen.get(one);
      if (other !== undefined) throw unusable(`${one} belongs to ${other} and to ${name}`);
      seen.set(one, name);
    }
  }
  return {
    cluster,
    ...told.data,
    nodes: nodes.data.map((node) => ({ ...node, known: knownOf(facts, node.name) })) as Expected['nodes'],
    facts: facts as Readonly<Record<string, Json>>,
  };
}

/** What the section `talos` of the configuration records of a machine. */
function knownOf(facts: Facts, name: string): Expected['nodes'][number]['known'] {
  const told = Known.safeParse(facts['talos/policy'] ?? {});
  const machine = told.success ? told.data.machines[name] : undefined;
  return { serial: machine?.serial ?? null, uuid: machine?.uuid ?? null, macs: machine?.mac ?? [] };
}

/** The machine configs of the repository, as the fact `talos/nodes` names them. */
export function configFiles(expected: Expected): string[] {
  const named = z.array(z.object({ config: z.string() })).safeParse(expected.facts['talos/nodes']);
  return named.success ? named.data.map(({ config }) => config) : [];
}

function unusable(message: string): Problem {
  return new Problem(message, {
    exit: EXIT.usage,
    remedy: "Mend the repository's Talos files; `coldstart cluster plan` shows what was read.",
  });
}
