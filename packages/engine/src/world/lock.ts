import { createHash } from 'node:crypto';
import { EXIT, parseLockHolder, Problem, type LockHolder, type World } from '@coldstart/contract';

export type Lock = {
  /** What was out of the ordinary when it was taken, in words for the journal. */
  deviations: string[];
  /** Gives it back; leaves a lock alone that is no longer ours. */
  release(): Promise<void>;
};

/**
 * Takes the lock file at `path`. One that a dead process of this machine left is taken over, and said; one that is held, or
 * that another machine holds, is a refusal (exit 5). `takeover` holds the operator's words of consent to take another
 * machine's lock: without them it stays.
 */
export async function takeLock(
  world: World,
  path: string,
  want: { run: string; procedure: string; takeover?: string },
): Promise<Lock> {
  const mine = encode({ ...world.host(), run: want.run, procedure: want.procedure, at: world.now() });
  const deviations: string[] = [];
  while (!(await world.create(path, mine, 0o600))) {
    const held = await world.read(path);
    if (!held) {
      // Given back just now; or a link, which is never followed, and never goes away by itself.
      if ((await world.stat(path))?.kind === 'link') throw refusal(`The lock ${path} is a link.`, `Remove ${path}.`);
      continue;
    }
    const why = await mayTakeOver(world, path, held, want.takeover);
    if (await replace(world, path, held, mine, want)) {
      deviations.push(why);
      break;
    }
  }
  return {
    deviations,
    async release() {
      const now = await world.read(path);
      if (now && Buffer.compare(now, mine) === 0) await world.remove(path);
    },
  };
}

/**
 * Puts our lock in the place of exactly the one that was read. Two that find the same dead lock take turns by a lock of that
 * lock: it is named by its content, so that only the first of them finds it still there.
 */
async function replace(
  world: World,
  path: string,
  held: Uint8Array,
  mine: Uint8Array,
  want: { run: string; procedure: string },
): Promise<boolean> {
  const digest = createHash('sha256').update(held).digest('hex').slice(0, 16);
  const turn = await takeLock(world, `${path}.${digest}`, { run: want.run, procedure: want.procedure });
  try {
    const now = await world.read(path);
    if (!now || Buffer.compare(now, held) !== 0) return false;
    // In one step: were it away for a moment, a third one could take it without a word of the dead one.
    await world.write(path, mine, 0o600);
    return true;
  } finally {
    await turn.release();
  }
}

/** Why this lock may be replaced, in words; throws where it may not. */
async function mayTakeOver(
  world: World,
  path: string,
  held: Uint8Array,
  takeover: string | undefined,
): Promise<string> {
  const holder = decode(held);
  const here = world.host();
  if (!holder) {
    if (takeover !== undefined) return `took an unreadable lock over (${path})`;
    throw refusal(
      `The lock ${path} cannot be read.`,
      `Make sure that no other run is on its way, then remove ${path}.`,
    );
  }
  const who = whoIs(holder);
  if (holder.host !== here.host) {
    if (takeover !== undefined) return `took the lock over from ${who}`;
    throw refusal(
      `Another machine holds the lock ${path}: ${who}.`,
      'Make sure that this run has ended there, then run the same command with --takeover and the name of the cluster.',
    );
  }
  if (!(await canLive(world, holder))) return `took the lock over that a dead process had left: ${who}`;
  throw refusal(
    `Another run holds the lock ${path}: ${who}.`,
    `Wait until it has ended, or stop it with: kill -INT ${holder.pid}`,
  );
}

/** Who holds the lock file; undefined where nobody does, or where it cannot be read. */
export async function lockHolder(world: Pick<World, 'read'>, path: string): Promise<LockHolder | undefined> {
  const held = await world.read(path);
  return held && decode(held);
}

export const whoIs = (holder: LockHolder): string =>
  `${holder.user} on ${holder.host} (pid ${holder.pid}, ${holder.procedure} run ${holder.run}, since ${holder.at})`;

/** Whether a holder of this machine may be alive. After a reboot no process of before is left, whatever runs under its number now. */
export async function canLive(world: World, holder: LockHolder): Promise<boolean> {
  return holder.boot === world.host().boot && (await world.alive({ pid: holder.pid, started: holder.started }));
}

/** A lock that another run holds. */
export const refusal = (message: string, remedy: string): Problem =>
  new Problem(message, { exit: EXIT.refused, remedy, page: 'locked' });

const encode = (holder: LockHolder): Uint8Array => new TextEncoder().encode(`${JSON.stringify(holder)}\n`);

const decode = (bytes: Uint8Array): LockHolder | undefined => parseLockHolder(new TextDecoder().decode(bytes));
