import type { Model } from '../model.ts';
import { isCutOff } from '../nodes/masked.ts';

/** Expected nodes that hold no config, or run no services of theirs: one line each. */
export function missingNodes(model: Model): string[] {
  const found: string[] = [];
  for (const { name, role } of model.expected.nodes) {
    const node = model.nodes.get(name);
    if (!node) found.push(`${name}: there is no such machine`);
    else if (!node.config)
      found.push(`${name}: missing from the cluster, it has no machine config (stage ${node.stage})`);
    else if (node.config.role !== role) found.push(`${name}: configured as ${node.config.role}, expected ${role}`);
    else if (isCutOff(model, node)) found.push(`${name}: off, or silent on the network`);
    else if (node.stage !== 'running') found.push(`${name}: not running (stage ${node.stage})`);
  }
  return found;
}

/** Addresses at which another machine was given a machine config: its secrets are out. */
export function leakedSecrets(model: Model): string[] {
  return [...model.nodes.values()]
    .filter(({ leaked }) => leaked > 0)
    .map(({ name }) => `${name}: its machine config, with the cluster's secrets, went to an impostor`);
}

/** Nodes whose Talos CA is not the repository's, or not the same as the others'. */
export function foreignCas(model: Model): string[] {
  const nodes = [...model.nodes.values()].filter((node) => node.config);
  const expected = model.expected.caFingerprint ?? nodes[0]?.config?.caFingerprint ?? null;
  const found = nodes
    .filter((node) => node.config!.caFingerprint !== expected)
    .map((node) => `${node.name}: foreign CA ${short(node.config!.caFingerprint)}, expected ${short(expected ?? '')}`);
  for (const name of model.nodes.keys())
    if (model.faults.pending('wrong-ca', name)) found.push(`${name}: foreign CA, it belongs to another cluster`);
  return found;
}

function short(fingerprint: string): string {
  return fingerprint === '' ? '(none)' : `${fingerprint.slice(0, 16)}…`;
}
