import type { Past, World } from '@coldstart/contract';
import type { Journal } from '../journal/writer.ts';
import type { Kit } from '../kit.ts';
import type { Masks } from './act.ts';

/** What every part of one run shares. */
export type RunContext = {
  id: string;
  cluster: string;
  kit: Kit;
  world: World;
  journal: Journal;
  masks: Masks;
  stop: AbortSignal;
  /** Grows as actions begin. */
  past: Past[];
};
