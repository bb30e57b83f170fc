import type { Action, Arg, Plan } from '@coldstart/contract';

/** Whether this call takes, keeps or gives back the cluster's ref at a remote. */
export const isRefLock = (tool: string, argv: readonly string[]): boolean =>
  tool === 'git' && (argv.includes('hash-object') || argv.some((word) => /:refs\/coldstart\/lock\/\w/.test(word)));

/** The run that takes, keeps or gives back the cluster's Lease by this call; undefined for any other call. */
export const lockHolder = (argv: readonly string[]): string | undefined =>
  argv.map((word) => /^--field-manager=coldstart-lock-(.+)$/.exec(word)?.[1]).find((run) => run !== undefined);

export type Call = { tool: string; argv: readonly string[]; ok: boolean };

/**
 * Holds a plan against what was received. Normalised are only named holes (any words, at least none) and retries (a call that
 * failed, and came again). Returns every difference, in words; empty when they are the same list.
 *
 * `skipped` are items (`step item`) that were done already: none of their actions may be received, and what was prepared for
 * them need not be. `again` are items that a fault undid after a call that went well, so that it must come again. A write or
 * merge is the call `file write PATH` where `files` are seen; what lies in `.coldstart/` is our own. Preparations run beside
 * everything; all else must come in the plan's order of steps, and of actions in an item.
 */
export function differences(
  plan: Plan,
  received: readonly Call[],
  {
    skipped = new Set(),
    again = new Set(),
    files = false,
  }: { skipped?: ReadonlySet<string>; again?: ReadonlySet<string>; files?: boolean } = {},
): string[] {
  const planned = plan.phases
    .flatMap((phase) =>
      phase.steps.flatMap((step, stepAt) =>
        step.items.flatMap((item) => [
          ...item.prepare.map((action) => ({
            action,
            where: `${step.id} ${item.key} ${action.id}`,
            item: `${step.id} ${item.key} prepare`,
            order: -1,
            must: !skipped.has(`${step.id} ${item.key}`),
          })),
          ...(skipped.has(`${step.id} ${item.key}`) ? [] : item.actions).map((action) => ({
            action,
            where: `${step.id} ${item.key} ${action.id}`,
            item: `${step.id} ${item.key}`,
            order: plan.phases.indexOf(phase) * 1000 + stepAt,
            must: true,
          })),
        ]),
      ),
    )
    .filter(({ action }) => action.do === 'exec' || (files && !isOurs(action)));

  const out: string[] = [];
  const seen = new Map<string, number>();
  const finished = new Set<string>();
  let order = -1;
  for (const [at, call] of received.entries()) {
    // Our own locks are no part of the plan.
    if (lockHolder(call.argv) !== undefined || isRefLock(call.tool, call.argv)) continue;
    const match = planned.find(
      (p) => !finished.has(p.where) && fits(p.action, call) && mayBeNext(p, planned, finished),
    );
    if (!match && planned.some((p) => again.has(p.item) && fits(p.action, call))) continue;
    if (!match) {
      out.push(`received, and not planned there: ${[call.tool, ...call.argv].join(' ')}`);
      continue;
    }
    seen.set(match.where, at);
    if (call.ok) finished.add(match.where);
    if (match.order < 0) continue;
    if (match.order < order) out.push(`received out of order: ${match.where}`);
    order = Math.max(order, match.order);
  }
  for (const { where, must } of planned) if (must && !seen.has(where)) out.push(`planned, and not received: ${where}`);
  return out;
}

type Planned = { action: Action; where: string; item: string };

/** An action comes after the ones before it in its item. */
function mayBeNext(p: Planned, planned: readonly Planned[], finished: ReadonlySet<string>): boolean {
  return planned
    .filter((q) => q.item === p.item)
    .every((q, _i, all) => all.indexOf(q) >= all.findIndex((r) => r.where === p.where) || finished.has(q.where));
}

const isOurs = (action: Action): boolean =>
  action.do !== 'exec' && typeof action.path === 'string' && action.path.startsWith('.coldstart/');

function fits(action: Action, call: Call): boolean {
  if (action.do !== 'exec') return call.tool === 'file' && fitsWords(['write', action.path], call.argv);
  if (action.tool !== call.tool) return false;
  return fitsWords(action.argv, call.argv);
}

function fitsWords(argv: readonly Arg[], words: readonly string[]): boolean {
  const [first, ...rest] = argv;
  if (first === undefined) return words.length === 0;
  if (typeof first === 'string') return words[0] === first && fitsWords(rest, words.slice(1));
  if ('join' in first)
    return words.length > 0 && joined(first.join).test(words[0] as string) && fitsWords(rest, words.slice(1));
  if ('file' in first) return words.length > 0 && fitsWords(rest, words.slice(1));
  for (let n = 0; n <= words.length; n += 1) if (fitsWords(rest, words.slice(n))) return true;
  return false;
}

const joined = (parts: readonly (string | object)[]): RegExp =>
  new RegExp(
    `^${parts.map((p) => (typeof p === 'string' ? p.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) : '.*')).join('')}$`,
    's',
  );

/** The plan with one action taken out, put in, or put elsewhere: what a proof must notice. */
export function tampered(plan: Plan, how: 'delete' | 'add' | 'reorder', step: string): Plan {
  const copy = structuredClone(plan);
  const target = copy.phases.flatMap((p) => p.steps).find((s) => s.id === step);
  const item = target?.items[0];
  const first = item?.actions.find((a) => a.do === 'exec');
  if (!target || !item || !first) throw new Error(`${step} has no exec to tamper with`);
  if (how === 'delete') item.actions = item.actions.filter((a) => a !== first);
  if (how === 'add') item.actions.push({ ...first, id: 'added' });
  if (how === 'reorder') {
    const phase = copy.phases.find((p) => p.steps.includes(target));
    if (!phase) throw new Error('no phase');
    const others = copy.phases.filter((p) => p !== phase);
    // Its phase goes to the other end of the procedure.
    copy.phases = copy.phases.indexOf(phase) === 0 ? [...others, phase] : [phase, ...others];
  }
  return copy;
}
