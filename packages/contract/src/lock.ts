import type { Exec, Ms } from './schema/index.ts';
import type { Facts } from './step.ts';
import type { Done, Reader } from './world.ts';

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

/** What a lock is asked with. `scratch` is a private folder for what its calls leave behind, swept when the run is over. */
export type LockAt = { cluster: string; facts: Facts; scratch: string };

/** The calls that take or keep a lock, one after another, and the token that it has then; null where only a look tells. */
export type Hold = { calls: Exec[]; token: string | null };

/**
 * A lock per cluster that every machine sees, beside the lock file that only this one does. It is taken as soon as its
 * facts are there. What changes it is data: only the engine carries it out.
 */
export type SharedLock = {
  id: string;
  needs: string[];
  /** How often its holder gives a sign of life. */
  every: Ms;
  /** What and where it is, for people, e.g. `the Lease kube-system/coldstart`. Asked of the surveys' facts alone. */
  where: (at: { cluster: string; facts: Facts }) => string;
  look: (at: LockAt & { world: Reader }) => Promise<LockSeen>;
  /**
   * Takes it where it is free, or gives a sign of life (`now`); `over` takes it from whoever holds it. `before` is the token
   * that it had when it was last known, null where it was free: a lock that can compare and swap replaces nothing else.
   */
  hold: (at: LockAt & { holder: LockHolder; now: string; before: string | null; over: boolean }) => Hold;
  /** Gives it back, where it is still this holder's. */
  free: (at: LockAt & { holder: LockHolder; before: string | null }) => Exec[];
  /** Why one of these calls failed, in words without a secret; `held`: since another one holds it, or has moved it. */
  failed: (done: Done) => { held: boolean; why: string };
};
