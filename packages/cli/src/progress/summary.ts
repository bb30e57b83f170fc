import { mayMeet, type Evidence } from '@coldstart/engine';
import { showDuration } from '../config/duration.ts';
import { columns } from '../output/columns.ts';

/** The end of a run for people: phases with time and SLO, slowest steps, failures with cause, remedy and how to go on. */
export function summaryText(evidence: Evidence, at: { journal: string; files: readonly string[] }): string {
  const { clock, counts } = evidence;
  const lines = [
    `${evidence.procedure} ${evidence.cluster}: ${evidence.outcome} (${evidence.mode}, run ${evidence.run})`,
    ...columns([['PHASE', 'RESULT', 'TIME', 'SLO'], ...evidence.phases.map(phaseRow)]),
    '',
  ];
  if (clock.elapsed === null) lines.push('nothing was changed');
  else {
    const slo = clock.slo === null ? '' : `, SLO ${showDuration(clock.slo)}${clock.within === false ? ' missed' : ''}`;
    lines.push(`total: ${showDuration(clock.elapsed)} from the first change${slo}`);
    lines.push(`changes: ${counts.changes}, retries: ${counts.retries}`);
    lines.push(
      'slowest steps:',
      ...columns(evidence.slowest.map(({ step, elapsed }) => [`  ${step}`, showDuration(elapsed)])),
    );
  }
  lines.push(...madeOf(evidence), ...criteriaLines(evidence));
  if (evidence.deviations.length > 0) {
    lines.push(
      'deviations:',
      ...evidence.deviations.map(({ what, subject }) => `  ${what}${subject ? ` (${subject})` : ''}`),
    );
  }
  lines.push(...failureLines(evidence));
  if (at.files.length > 0) lines.push('', 'evidence:', ...at.files.map((file) => `  ${file}`));
  lines.push('journal:', `  ${at.journal}`);
  return lines.join('\n');
}

function phaseRow({ id, verdict, elapsed, slo, sloFormula, within }: Evidence['phases'][number]): string[] {
  const bound = slo === null ? '–' : `${showDuration(slo)}${sloFormula === null ? '' : ` (${sloFormula})`}`;
  return [id, verdict, elapsed === null ? '–' : showDuration(elapsed), within === false ? `${bound} missed` : bound];
}

/** With simulated nodes: what was real all the same, and what was not. */
function madeOf({ mode, tools, simulated }: Evidence): string[] {
  if (mode !== 'lab-wire') return [];
  // One that is not there has no version either.
  const real = tools.filter((tool) => !tool.simulated && tool.version !== null);
  const pretended = tools.filter((tool) => tool.simulated);
  const named = (them: Evidence['tools']): string[] => them.map(({ name }) => name);
  return [
    `real: ${named(real).join(', ') || 'no tool'}`,
    `simulated: ${[...named(pretended), ...simulated].join(', ') || 'no tool'}`,
  ];
}

/** What is not met, with its reason; what no run of this mode can meet, in one line for each mode that can. */
function criteriaLines({ criteria, mode }: Evidence): string[] {
  if (criteria.length === 0) return [];
  const met = criteria.filter((criterion) => criterion.verdict === 'met');
  const unreachable = criteria.filter((criterion) => criterion.verdict === 'untested' && !mayMeet(criterion, mode));
  const onlyBy = (needs: string, words: string): string[] => {
    const ids = unreachable.filter((criterion) => criterion.needs === needs).map(({ id }) => id);
    return ids.length > 0 ? [`  ${words}: ${ids.join(', ')}`] : [];
  };
  const notRun = criteria.filter((c) => c.verdict === 'untested' && c.reason === 'not-run' && !unreachable.includes(c));
  const open = criteria.filter((c) => ![...met, ...unreachable, ...notRun].includes(c));
  return [
    `criteria: ${met.length} of ${criteria.length} met`,
    ...open.map(({ id, title, verdict, reason }) => `  ${verdict}: ${title} (${id})${reason ? `: ${reason}` : ''}`),
    ...(notRun.length > 0 ? [`  not run: ${notRun.map(({ id }) => id).join(', ')}`] : []),
    ...onlyBy('lab-wire', 'only real tools can meet'),
    ...onlyBy('live', mode === 'lab-wire' ? 'only simulated parts answered for' : 'only a live run can meet'),
  ];
}

function failureLines(evidence: Evidence): string[] {
  const lines: string[] = [];
  for (const { step, item, verdict, cause, remedy, page } of evidence.failures) {
    lines.push(
      '',
      `${verdict}: ${step} ${item}`,
      `  cause: ${cause ?? 'not known'}`,
      ...diagnosisLines(evidence, step, item),
    );
    if (remedy) lines.push(`  do: ${remedy}`);
    if (page) lines.push(`  see: docs/failures/${page}.md`);
  }
  if (evidence.failures.length === 0 && evidence.cause) lines.push('', `cause: ${evidence.cause}`);
  for (const { step, item, shown } of evidence.unknown) {
    lines.push('', `not known whether it took effect: ${shown} (${step} ${item})`);
  }
  if (evidence.next) lines.push('', `go on with: ${evidence.next}`);
  return lines;
}

function diagnosisLines(evidence: Evidence, stepId: string, itemKey: string): string[] {
  const item = evidence.phases
    .flatMap((phase) => phase.steps)
    .find((step) => step.id === stepId)
    ?.items.find((i) => i.item === itemKey);
  const wrong = [...(item?.signals ?? []), ...(item?.diagnosis ?? [])].filter((signal) => !signal.ok);
  const lines = wrong.map(({ name, subject, expected, observed }) => {
    return `    ${name}${subject ? ` ${subject}` : ''}: ${JSON.stringify(observed)}, expected ${JSON.stringify(expected)}`;
  });
  const tail = item?.actions.findLast((action) => action.tail !== null)?.tail?.trim();
  if (tail)
    lines.push(
      ...tail
        .split('\n')
        .slice(-5)
        .map((line) => `    | ${line}`),
    );
  return lines;
}
