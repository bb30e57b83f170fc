import type { Model } from '../model.ts';
import { impostorsLinks, isImpostor } from './impostor.ts';
import type { Link, NodeModel } from './node.ts';

/**
 * What of a node is other than it would be as long as a fault is asked for. Nothing of it is kept in the node: lifted, the
 * node is what it would have been, as if somebody had mended it.
 */

/** No packet comes or goes: it is switched off, or the bond of its config does not fit the switch. */
export const isCutOff = (model: Model, node: NodeModel): boolean =>
  model.faults.pending('off', node.name) || (hasBooted(node) && model.faults.pending('bond', node.name));

export const clockInStep = (model: Model, node: NodeModel): boolean =>
  node.timeInSync && !model.faults.strike('clock', node.name);

/** Reads from its disk fail: what starts from there waits. */
export const diskErrs = (model: Model, node: NodeModel): boolean =>
  hasBooted(node) && model.faults.strike('disk-errors', node.name);

/** Whether its data directory was filled by an installation that this world does not know. */
export const holdsStaleEtcd = (model: Model, node: NodeModel): boolean =>
  node.config?.role === 'controlplane' &&
  node.etcd.cluster === null &&
  hasBooted(node) &&
  model.faults.strike('stale-etcd', node.name);

/** The version of what it booted from: a medium may be one minor version older than the disk will be. */
export function bootedVersion(model: Model, node: NodeModel): string {
  const installed = hasBooted(node) || node.stage === 'off';
  if (installed || !model.faults.strike('boot-image-older', node.name)) return node.version;
  return node.version.replace(/^(v\d+)\.(\d+)\.\d+/, (_all, major: string, minor: string) =>
    minor === '0' ? `${major}.0.0-alpha.0` : `${major}.${Number(minor) - 1}.0`,
  );
}

/** Its links as they are now. */
export function linksNow(model: Model, node: NodeModel): Link[] {
  if (isImpostor(model, node)) return impostorsLinks(model, node);
  let links = node.links;
  if (model.faults.strike('link-down', node.name)) {
    const first = links.findIndex((link) => link.kind === 'physical');
    links = links.map((link, at) => (at === first ? { ...link, up: false } : link));
  }
  // Every link carries 1500 bytes in maintenance: there is nothing to see before the config is in force.
  if (hasBooted(node) && model.faults.strike('mtu', node.name)) links = links.map((link) => ({ ...link, mtu: 1500 }));
  return links;
}

export const hasBooted = (node: NodeModel): boolean => node.stage === 'booting' || node.stage === 'running';
