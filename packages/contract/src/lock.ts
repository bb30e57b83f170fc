import type { Exec, Ms } from './schema/index.ts';
import type { Facts } from './step.ts';
import type { Reader } from './world.ts';

/** What a lock says of its holder. */
export type LockHolder = {
  user: string;
  host: string;
  pid: number;
  started: string;
  boot: string;
  run: string;
  procedure: string;
  /** When it was taken, UTC. */
  at: string;
};

/** Reads a holder as it stands in a lock; undefined where the text is none. */
export function parseLockHolder(text: string): LockHolder | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockHolder> | null;
    const { user, host, pid, started, boot, run, procedure, at } = value ?? {};
    const texts = [user, host, started, boot, run, procedure, at];
    return Number.isInteger(pid) && texts.every((part) => typeof part === 'string') ? (value as LockHolder) : undefined;
  } catch {
    return undefined;
  }
}

/** `token` is another one after each sign of life, so that a dead holder is told without comparing two machines' clocks. */
export type LockSeen =
  | { is: 'free' }
  | { is: 'held'; holder: LockHolder | null; token: string }
  | { is: 'untold'; why: string };

/**
 * A lock per cluster that every machine sees, beside the lock file that only this one does. It is taken as soon as its
 * facts are there. What changes it is data: only the engine carries it out.
 */
export type SharedLock = {
  id: string;
  needs: string[];
  /** How often its holder gives a sign of life. */
  every: Ms;
  look: (at: { cluster: string; facts: Facts; world: Reader }) => Promise<LockSeen>;
  /** Takes it where it is free, or gives a sign of life (`now`); `over` takes it from whoever holds it. */
  hold: (at: { cluster: string; facts: Facts; holder: LockHolder; now: string; over: boolean }) => Exec;
  /** Gives it back, where it is still this holder's. */
  free: (at: { cluster: string; facts: Facts; holder: LockHolder }) => Exec;
  /** Whether a failed `hold` failed since another one holds it. */
  held: (stderr: string) => boolean;
};
