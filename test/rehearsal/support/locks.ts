import {
  type Done,
  type Facts,
  type JournalRecord,
  type LockHolder,
  type SharedLock,
  type World,
} from '@coldstart/contract';
import type { OpenLab } from '@coldstart/plugin-lab';

const cluster = 'infra';
const scratch = '/lab/scratch/another';
/** Where the example keeps the kubeconfig, and where it was cloned from. */
export const lockFacts: Facts = {
  'kubernetes/kubeconfig': { path: 'kubernetes/kubeconfig', context: 'infra' },
  'lock/git': { remote: 'origin' },
};

/** The same simulated world, seen from another machine. */
export function from(host: string, lab: OpenLab): OpenLab {
  const world = new Proxy(lab.world, {
    get(of, name) {
      if (name === 'host') return () => ({ ...of.host(), host, boot: `boot of ${host}` });
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
  return { ...lab, world };
}

export const holderOn = (world: World, host: string, more: Partial<LockHolder> = {}): LockHolder => ({
  ...world.host(),
  host,
  run: 'run-of-another',
  procedure: 'create',
  at: world.now(),
  ...more,
});

/** Holds a lock, as a run elsewhere does: takes it, or gives a sign of life. */
export async function hold(lock: SharedLock, world: World, holder: LockHolder, over = false): Promise<Done> {
  const seen = await look(lock, world);
  const before = seen.is === 'held' ? seen.token : null;
  const { calls } = lock.hold({ cluster, facts: lockFacts, scratch, holder, now: world.now(), before, over });
  let done: Done | undefined;
  for (const { stop, env, stdin, argv, tool, deadline } of calls) {
    const text = stdin && 'text' in stdin ? stdin.text : '';
    done = await world.spawn(
      { tool, argv: argv as string[], env: { ...env } as Record<string, string>, stdin: bytes(text), deadline },
      stop,
      async () => {},
      new AbortController().signal,
    );
  }
  if (!done) throw new Error(`${lock.id} is held without a call`);
  return done;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const look = (lock: SharedLock, world: World): ReturnType<SharedLock['look']> =>
  lock.look({ cluster, facts: lockFacts, scratch, world });

/** What a journal says of one lock. */
export const notes = (records: readonly JournalRecord[], lock: SharedLock): string[] =>
  records.filter((r) => r.type === 'lock' && r.lock === lock.id).map((r) => (r as { what: string }).what);

export const deviations = (records: readonly JournalRecord[]): string =>
  records
    .filter((r) => r.type === 'deviation')
    .map((r) => r.what)
    .join('\n');
