import type { Bytes, Facts, Plan, PlanItem, Procedure } from '@coldstart/contract';
import { type Looked, planDigest, quoteWords, showAction } from '@coldstart/engine';
import { columns } from './columns.ts';
import type { LockToTake } from './schema.ts';

type Shown = {
  /** Null: nothing was looked at. */
  looked: readonly Looked[] | null;
  facts: Facts;
  procedure: Procedure;
  /** The file that the plan was written to. */
  out: string | undefined;
  locks: readonly LockToTake[];
};

/** The plan for people: nodes in order, then every action in its place with its words; holes are `<…>`. */
export function planText(plan: Plan, shown: Shown): string {
  const steps = plan.phases.flatMap((phase) => phase.steps);
  const actions = steps.flatMap((step) => step.items.flatMap((item) => item.actions));
  const lines = [
    `plan: ${plan.procedure} ${plan.cluster}, ${plan.phases.length} phases, ${steps.length} steps, ${actions.length} actions`,
    `digest: ${planDigest(plan)}`,
    ...(shown.looked === null ? ['looked at: the repository only (--offline)'] : []),
    ...lockLines(shown.locks),
    ...nodeLines(shown.facts),
  ];
  for (const phase of plan.phases) {
    const number = shown.procedure.phases.find((p) => p.id === phase.id)?.number;
    lines.push('', `phase ${number ?? '?'} ${phase.id}: ${phase.title}`);
    for (const step of phase.steps) {
      lines.push(`  ${step.id}: ${step.title}`);
      for (const item of step.items) lines.push(...itemLines(item, stateOf(shown.looked, step.id, item.key)));
    }
  }
  if (plan.assumed.length > 0) lines.push('', 'assumed:', ...plan.assumed.map((what) => `  ${what}`));
  const missing = plan.tools.filter((tool) => tool.version === null).map((tool) => tool.name);
  if (missing.length > 0) lines.push('', `not found here, or of no known version: ${missing.join(', ')}`);
  if (shown.out !== undefined) lines.push('', `written to ${shown.out}`);
  return lines.join('\n');
}

/** A line that names the locks of a run; none where it takes none. */
export const lockLines = (locks: readonly LockToTake[]): string[] =>
  locks.length === 0 ? [] : [`locks: ${locks.map(({ where }) => where).join('; ')}`];

function itemLines(item: PlanItem, state: string): string[] {
  const after = item.after.length > 0 ? ` after ${item.after.join(', ')}` : '';
  const lines = [`    ${item.key}${after}${state}`];
  for (const action of [...item.prepare, ...item.actions]) {
    const risk = action.risk === 'change' || action.risk === 'read' ? '' : ` [${action.risk}]`;
    const stdin = action.do === 'exec' && action.stdin ? ` < ${shownBytes(action.stdin)}` : '';
    lines.push(`      $ ${quoteShown(showAction(action))}${stdin}${risk}`, `        ${action.why}`);
  }
  if (lines.length === 1) lines[0] += '  (looks only)';
  return lines;
}

/** Where bytes come from: a file of the repository, or `<…>`. What they hold is never shown. */
function shownBytes(bytes: Bytes): string {
  if ('text' in bytes) return '<text>';
  if ('read' in bytes) return bytes.read;
  if ('fn' in bytes) return `<${bytes.fn}(${bytes.in.map(shownBytes).join(', ').replaceAll(/[<>]/g, '')})>`;
  return `<${bytes.show ?? bytes.ref}>`;
}

/** Holes stay bare, so that they are read as holes. */
function quoteShown(words: readonly string[]): string {
  return words.map((word) => (word.includes('<') && word.includes('>') ? word : quoteWords([word]))).join(' ');
}

function stateOf(looked: readonly Looked[] | null, step: string, item: string): string {
  if (looked === null) return '';
  const found = looked.find((l) => l.step === step && l.item === item);
  if (!found || found.observation.state === 'unknown') return '  (not seen)';
  return `  (${found.observation.state})`;
}

function nodeLines(facts: Facts): string[] {
  const nodes = facts['talos/nodes'];
  if (!Array.isArray(nodes)) return [];
  const rows = nodes.map((node) => {
    const { name, address, role } = node as { name?: string; address?: string; role?: string };
    return [`  ${name ?? '?'}`, address ?? '?', role ?? '?'];
  });
  return ['', 'nodes, in order:', ...columns(rows)];
}
