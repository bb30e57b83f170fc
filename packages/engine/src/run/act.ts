import {
  isProblem,
  type Action,
  type Child,
  type Done,
  type Event,
  type Failure,
  type Look,
  type MergeFn,
} from '@coldstart/contract';
import type { Kit } from '../kit.ts';
import type { Journal } from '../journal/writer.ts';
import { quoteWords, showAction } from '../plan/show.ts';
import { fillArgv, fillBytes, fillOne, Unfilled, type Holes } from './holes.ts';
import { registerSecrets } from './secrets.ts';
import { withLock } from './merge-lock.ts';
import { sha256 } from '../journal/writer.ts';

export type Name = { phase: string; step: string; item: string; action: string; attempt: number };
export type Masks = {
  register(value: string): void;
  text(s: string): string;
  argv(words: readonly string[]): string[];
};

export type Acted =
  | { outcome: 'ok'; stdout: Uint8Array | undefined }
  | { outcome: 'failed'; failure: Failure }
  | ({ outcome: 'refused' } & No)
  /** Nothing is journalled, since nothing was begun; a look tells. */
  | ({ outcome: 'moved' } & No)
  | { outcome: 'stopped' };

/** What a guard said. */
type No = { cause: string; remedy: string | undefined; page: string | undefined };

const TAIL = 4096;

/**
 * Carries one action out: guards, journal, act, journal. `judge` says what a failure means, so that the journal has it.
 */
export async function act(
  action: Action,
  at: {
    run: string;
    name: Name;
    kit: Kit;
    journal: Journal;
    holes: Holes;
    look: Look;
    masks: Masks;
    stop: AbortSignal;
    /** Whether a guard that says `moved` is believed once more. */
    mayLookAgain: boolean;
    judge: (failure: Failure) => { kind: 'transient' | 'fatal' | 'ambiguous'; cause: string };
  },
): Promise<Acted> {
  const { name, journal, masks } = at;
  const guards: { id: string; ok: boolean; cause: string | null }[] = [];
  for (const id of action.guard) {
    const guard = at.kit.guards.get(id);
    const verdict = guard
      ? await guard.look(at.look)
      : { ok: false, moved: false, cause: `the guard ${id} is not installed`, signals: [] };
    guards.push({ id, ok: verdict.ok, cause: verdict.ok ? null : (verdict.cause ?? 'it says no') });
    const no = { cause: verdict.cause ?? `guard ${id}`, remedy: verdict.remedy, page: verdict.page };
    if (!verdict.ok && verdict.moved && at.mayLookAgain) return { outcome: 'moved', ...no };
    if (!verdict.ok) {
      await journal.write(started(action, name, masks.text(quoteWords(showAction(action))), guards));
      await journal.write(
        ended(name, { outcome: 'failed', kind: 'fatal', cause: `guard ${id}: ${verdict.cause ?? 'it says no'}` }),
      );
      return { outcome: 'refused', ...no };
    }
  }
  let filled: Filled;
  try {
    filled = await fill(action, at.holes);
  } catch (error) {
    if (isProblem(error)) throw error;
    await journal.write(started(action, name, masks.text(quoteWords(showAction(action))), guards));
    const text = masks.text(error instanceof Error ? error.message : String(error));
    return failedAs(at, { action, how: 'unfilled', exit: null, text });
  }
  await journal.write(started(action, name, quoteWords(masks.argv(filled.words)), guards));
  if (at.stop.aborted) {
    await journal.write(
      ended(name, { outcome: 'failed', kind: 'transient', cause: 'the run was interrupted before it was sent' }),
    );
    return { outcome: 'stopped' };
  }
  if (filled.do === 'exec') return finishExec(action, at, await runExec(filled, at));
  const changed = await put(filled, at);
  if (changed !== 'ok') return failedAs(at, { action, how: 'conflict', exit: null, text: changed });
  await journal.write(ended(name, { outcome: 'ok' }));
  return { outcome: 'ok', stdout: undefined };
}

type ExecFilled = {
  do: 'exec';
  words: string[];
  tool: string;
  argv: string[];
  cwd?: string;
  env: Record<string, string>;
  stdin?: Uint8Array;
  deadline: number;
  stop: Extract<Action, { do: 'exec' }>['stop'];
};
type PutFilled = {
  do: 'write' | 'merge';
  words: string[];
  path: string;
  mode: number;
  next: (current: Uint8Array | undefined) => Uint8Array | string;
};
type Filled = ExecFilled | PutFilled;

async function fill(action: Action, holes: Holes): Promise<Filled> {
  if (action.do === 'exec') {
    const env: Record<string, string> = {};
    for (const [key, value] of Object.entries(action.env ?? {})) env[key] = await fillOne(value, holes);
    const argv = await fillArgv(action.argv, holes);
    return {
      do: 'exec',
      words: [action.tool, ...argv],
      tool: action.tool,
      argv,
      env,
      deadline: action.deadline,
      stop: action.stop,
      ...(action.cwd !== undefined && { cwd: await fillOne(action.cwd, holes) }),
      ...(action.stdin && { stdin: await fillBytes(action.stdin, holes) }),
    };
  }
  const path = await fillOne(action.path, holes);
  const words = [action.do, path];
  if (action.do === 'write') {
    const content = await fillBytes(action.content, holes);
    return {
      do: 'write',
      words,
      path,
      mode: action.mode,
      next: (current) => {
        const digest = current ? sha256(current) : 'absent';
        return digest === action.ifDigest ? content : `${path} is not what the plan expects (${digest})`;
      },
    };
  }
  const fn: MergeFn | undefined = holes.merges.get(action.fn);
  if (!fn) throw new Unfilled(`the merge ${action.fn} is not installed`);
  const inputs: Uint8Array[] = [];
  for (const input of action.in) inputs.push(await fillBytes(input, holes));
  return { do: 'merge', words, path, mode: action.mode, next: (current) => fn(current, inputs, action.with) };
}

/** Writes under a file lock; leaves the file alone where it would not change. Returns `ok`, or why not. */
async function put(filled: PutFilled, at: At): Promise<string> {
  const { world } = at.holes;
  return withLock(world, filled.path, { id: at.run, stop: at.stop }, async () => {
    const current = await world.read(filled.path);
    let next: Uint8Array | string;
    try {
      next = filled.next(current);
    } catch (error) {
      // A merge that throws has found something in the file that it must not touch.
      return error instanceof Error ? error.message : String(error);
    }
    if (typeof next === 'string') return next;
    if (!current || sha256(current) !== sha256(next)) await world.write(filled.path, next, filled.mode);
    return 'ok';
  });
}

async function runExec(
  filled: ExecFilled,
  at: { name: Name; journal: Journal; holes: Holes; stop: AbortSignal },
): Promise<Done> {
  const { words: _words, do: _do, stop: rule, ...call } = filled;
  const spawned = (child: Child): Promise<void> => at.journal.write({ type: 'action-spawned', ...at.name, ...child });
  return at.holes.world.spawn(call, rule, spawned, at.stop);
}

type At = Parameters<typeof act>[1];

async function finishExec(action: Action, at: At, done: Done): Promise<Acted> {
  const ok = action.do === 'exec' && done.how === 'exit' && (action.ok ?? [0]).includes(done.exit ?? -1);
  const secret = action.out?.secret ?? false;
  if (secret) {
    const known = action.out?.known ? await fillBytes(action.out.known, at.holes) : undefined;
    registerSecrets(at.masks, done.stdout, known);
  }
  if (ok) {
    const excerpt =
      action.out?.keep === 'excerpt' ? tailOf(at.masks.text(new TextDecoder().decode(done.stdout))) : null;
    await at.journal.write(ended(at.name, { outcome: 'ok', how: 'exit', exit: done.exit, excerpt }));
    return { outcome: 'ok', stdout: done.stdout };
  }
  if (done.how === 'stopped') {
    await at.journal.write(
      ended(at.name, {
        outcome: 'unknown',
        how: 'signal',
        exit: done.exit,
        kind: 'ambiguous',
        cause: 'the run was interrupted while it ran',
        tail: tailOf(at.masks.text(done.stderr)),
      }),
    );
    return { outcome: 'stopped' };
  }
  const said = secret ? done.stderr : `${done.stderr}\n${new TextDecoder().decode(done.stdout.slice(-TAIL))}`;
  return failedAs(at, { action, how: done.how, exit: done.exit, text: at.masks.text(said).trim() });
}

async function failedAs(at: At, failure: Failure): Promise<Acted> {
  const judged = at.judge(failure);
  await at.journal.write(
    ended(at.name, {
      outcome: judged.kind === 'ambiguous' ? 'unknown' : 'failed',
      how: failure.how,
      exit: failure.exit,
      kind: judged.kind,
      cause: judged.cause,
      tail: tailOf(failure.text),
    }),
  );
  return { outcome: 'failed', failure };
}

const tailOf = (text: string): string => (text.length > TAIL ? `…${text.slice(-TAIL)}` : text);

function started(
  action: Action,
  name: Name,
  shown: string,
  guards: { id: string; ok: boolean; cause: string | null }[],
): Event {
  return {
    type: 'action-start',
    ...name,
    risk: action.risk,
    target: action.target ?? null,
    shown,
    consent: action.consent ?? null,
    deadline: action.do === 'exec' ? action.deadline : null,
    ok: action.do === 'exec' ? (action.ok ?? [0]) : null,
    guards,
  };
}

type Ended = Extract<Event, { type: 'action-end' }>;
function ended(name: Name, what: Partial<Ended> & Pick<Ended, 'outcome'>): Event {
  return {
    type: 'action-end',
    ...name,
    how: null,
    exit: null,
    kind: null,
    cause: null,
    tail: null,
    excerpt: null,
    ...what,
  };
}
