import type { LabFactory } from '@coldstart/contract';
import { BRAND } from '@coldstart/contract';
import { knownFaults } from './faults/known.ts';
import { openLab } from './open/open.ts';

export { openLab, type OpenLab, type OpenOptions } from './open/open.ts';
export { makespanBound, type Shape } from './verdict/bound.ts';
export { LabBug } from './tools/tool.ts';
export { isLockBeside } from './world/files.ts';

/** What the hook `coldstart:lab` answers with. */
export const labFactory: LabFactory = {
  [BRAND]: 1,
  faults: knownFaults.map(({ name, about, at }) => ({ name, about, node: at === 'node' })),
  open: openLab,
};
