import type { Model } from '../model.ts';
import type { Disk, Link, NodeModel, System } from './node.ts';

/**
 * Another machine at a node's address: it answers Talos' port in maintenance and takes whatever config it is given. The node
 * itself goes on behind it. Nothing of it is kept but that it was given secrets, which no mending takes back.
 */
export const isImpostor = (model: Model, node: NodeModel): boolean => model.faults.pending('impostor', node.name);

/** What the firmware says: the node's, or the impostor's. */
export function systemNow(model: Model, node: NodeModel): System {
  if (!isImpostor(model, node)) return node.system;
  return drawSystem(model.random.hex(16, 'impostor', node.name));
}

export function impostorsDisks(model: Model, node: NodeModel): Disk[] {
  return node.disks.map((disk) =>
    disk.cdrom
      ? disk
      : {
          ...disk,
          serial: `IMP${model.random.hex(5, 'impostor-serial', node.name).toUpperCase()}`,
          wwid: `eui.${model.random.hex(8, 'impostor-wwid', node.name)}`,
        },
  );
}

export function impostorsLinks(model: Model, node: NodeModel): Link[] {
  return node.links
    .filter((link) => link.kind === 'physical')
    .map((link) => ({
      ...link,
      up: true,
      mtu: 1500,
      mac: macOf(model.random.hex(5, 'impostor-mac', node.name, link.name)),
    }));
}

/** The fingerprint of the certificate that is shown in maintenance. */
export const fingerprintNow = (model: Model, node: NodeModel): string =>
  isImpostor(model, node) ? spkiOf(model.random.hex(32, 'impostor-spki', node.name)) : node.fingerprint;

/** A machine's own numbers from 16 bytes of hex. */
export function drawSystem(hex: string): System {
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return { manufacturer: 'coldstart', product: 'lab', serial: `LAB-${hex.slice(0, 8).toUpperCase()}`, uuid };
}

export const macOf = (hex: string): string => ['02', ...(hex.match(/../g) ?? [])].join(':');
export const spkiOf = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
