import type { Ms, Past, Reader } from '@coldstart/contract';

/** The last time an action of an item was sent and was not plainly refused; undefined when it never was. */
export function lastSent(
  past: readonly Past[],
  steps: readonly string[],
  item: string,
  action: string,
): Past | undefined {
  return past.findLast(
    (p) => steps.includes(p.step) && p.item === item && p.action === action && p.outcome !== 'failed',
  );
}

/** Milliseconds since something of the past; by the wall clock only where no monotonic moment is known. Never negative. */
export function sinceThen(world: Reader, then: Past): Ms {
  const passed = then.mono !== undefined ? world.mono() - then.mono : Date.parse(world.now()) - Date.parse(then.at);
  return Number.isFinite(passed) ? Math.max(0, passed) : Number.POSITIVE_INFINITY;
}

/** The two steps that apply machine configs, by id. */
export const APPLY_STEPS = ['talos/apply-controlplanes', 'talos/apply-workers'] as const;
export const APPLY_ACTION = 'apply';
