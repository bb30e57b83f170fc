import type { Hook } from '@oclif/core';
import type { LabFactory } from '@coldstart/contract';

/** Answers the host's question for a simulated world. The world itself is loaded only when it is asked for. */
const hook = async function (): Promise<LabFactory> {
  const { labFactory } = await import('../index.ts');
  return labFactory;
};
export default hook as unknown as Hook<'coldstart:lab' & string>;
