import type { Model } from '../model.ts';
import { impostorsDisks, isImpostor } from './impostor.ts';
import type { Disk, NodeModel } from './node.ts';

/** The disks as the node shows them now; the fault `disk-mismatch` puts another one in their place. */
export function visibleDisks(model: Model, node: NodeModel): Disk[] {
  if (isImpostor(model, node)) return impostorsDisks(model, node);
  if (!model.faults.strike('disk-mismatch', node.name)) return node.disks;
  return node.disks.map((disk) =>
    disk.cdrom
      ? disk
      : {
          ...disk,
          device: '/dev/sdz',
          size: 8_004_304_896,
          model: 'USB STICK',
          serial: `USB${model.random.hex(4, 'usb', node.name).toUpperCase()}`,
          wwid: `t10.${model.random.hex(6, 'usb-wwid', node.name)}`,
          busPath: '/pci0000:00/0000:00:14.0/usb1/1-3',
          transport: 'usb',
        },
  );
}
