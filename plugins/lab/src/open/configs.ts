import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import type { ReceivedConfig } from '../nodes/config.ts';
import type { NodeModel } from '../nodes/node.ts';

/** A node as a saved world keeps it: of its machine config only what the node understood, never the bytes, which hold keys. */
export type SavedNode = Omit<NodeModel, 'config'> & { config: Omit<ReceivedConfig, 'bytes'> | null };

export function withoutSecrets(node: NodeModel): SavedNode {
  if (!node.config) return { ...node, config: null };
  const { bytes: _bytes, ...understood } = node.config;
  return { ...node, config: understood };
}

/**
 * The node with its config's bytes, taken again from that file of the repository which still has their digest. Where none has
 * (the file was changed since), it is a config that says only what the node had understood, and differs from every file.
 */
export function withBytes(node: SavedNode, candidates: readonly Uint8Array[]): NodeModel {
  if (!node.config) return { ...node, config: null };
  const { digest } = node.config;
  const same = candidates.find((bytes) => createHash('sha256').update(bytes).digest('hex') === digest);
  const bytes = same ?? new TextEncoder().encode(remembered(node.config));
  return { ...node, config: { ...node.config, bytes: Buffer.from(bytes).toString('base64') } };
}

function remembered(config: Omit<ReceivedConfig, 'bytes'>): string {
  return stringify({
    version: 'v1alpha1',
    machine: {
      type: config.role,
      ca: { crt: Buffer.from(config.ca).toString('base64') },
      network: { hostname: config.hostname },
      install: { disk: config.disk ?? undefined, diskSelector: config.diskSelector ?? undefined },
    },
    cluster: { clusterName: config.clusterName, controlPlane: { endpoint: config.endpoint } },
  });
}
