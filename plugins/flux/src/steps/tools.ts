import type { CheckingStep } from '@coldstart/contract';
import { git, kubectl, lookForTools, missingTools, op } from '@coldstart/tools';
import { sourceFrom } from '../facts.ts';
import { flux } from '../tool.ts';

/** flux, kubectl and git are there, and op where the deploy key comes out of 1Password. */
export const tools: CheckingStep = {
  id: 'flux/tools',
  kind: 'preflight',
  phase: 'core',
  title: 'Tools for Flux',
  needs: ['flux/source'],
  provides: [],
  observe: async ({ facts, world }) => {
    const found = await lookForTools(world, [
      flux,
      kubectl,
      git,
      ...(sourceFrom(facts).deployKey === null ? [] : [op]),
    ]);
    const { signals, deviations } = found;
    const missing = missingTools(found.missing);
    return missing
      ? { state: 'blocked', signals, deviations, ...missing, page: 'tools-missing' }
      : { state: 'done', signals, deviations };
  },
};
