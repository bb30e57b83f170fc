import type { Action, Exec } from '@coldstart/contract';

/** talosctl ends at one SIGTERM; it holds no state of its own, so it may be killed after a while. */
export const STOP: Exec['stop'] = { signal: 'SIGTERM', grace: 5_000, kill: true };

type Rest = Omit<Extract<Action, { do: 'exec' }>, 'do' | 'tool' | 'stop'>;

/** A call of talosctl as an action. */
export const talosctl = (rest: Rest): Action => ({ do: 'exec', tool: 'talosctl', stop: STOP, ...rest });
