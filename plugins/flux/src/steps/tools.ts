import type { CheckingStep } from '@coldstart/contract';
import { git, kubectl, lookForTools, op } from '@coldstart/tools';
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
    if (found.missing.length === 0) return { state: 'done', signals: found.signals, deviations: found.deviations };
    return {
      state: 'blocked',
      signals: found.signals,
      deviations: found.deviations,
      cause: found.missing.map((name) => `${name} is not installed`).join('; '),
      remedy: `Install ${found.missing.join(', ')}, and put it on the PATH.`,
    };
  },
};
