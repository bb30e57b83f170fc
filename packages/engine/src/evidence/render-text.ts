import type { Clocked, Evidence, EvidenceAction, EvidenceItem, EvidencePhase, EvidenceStep } from './schema.ts';
import { duration, modeInWords, signalInWords, table, utc } from './words.ts';

/** The evidence as a person reads and files it. No line is wrapped; times are UTC. */
export function renderText(evidence: Evidence): string {
  const blocks = [
    head(evidence),
    failures(evidence),
    ...lists(evidence),
    criteria(evidence),
    times(evidence),
    ...evidence.phases.map(phase),
    made(evidence),
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}

function head(e: Evidence): string[] {
  const rows: [string, string][] = [
    ['Story', e.story],
    ['Mode', modeInWords[e.mode]],
    ['Cluster', `${e.cluster}, generation ${e.generation}`],
    ['Procedure', e.procedure],
    ['Outcome', e.exit === null ? `${e.outcome}, without a last record` : `${e.outcome}, exit ${e.exit}`],
    ...optional('Cause', e.cause),
    ...optional('Go on with', e.next),
    ['Run', e.run],
    ['Started', utc(e.started)],
    ['Ended', utc(e.ended)],
    ['Elapsed', duration(e.elapsed)],
    [
      'Bring-up',
      e.clock.elapsed === null
        ? 'no change was sent'
        : `${bound(e.clock)} from the first change to the end of the last phase`,
    ],
    [
      'Items',
      `${e.counts.done} done, ${e.counts.skipped} skipped, ${e.counts.failed + e.counts.refused} failed or refused, ${e.counts.interrupted} interrupted, ${e.counts['not-run']} not run`,
    ],
    ['Changes', `${e.counts.changes} sent, ${e.counts.retries} ${e.counts.retries === 1 ? 'retry' : 'retries'}`],
    ['Operator', `${e.operator.user} on ${e.operator.host}`],
    ['coldstart', e.coldstart],
    ...optional('Seed', e.seed === null ? null : String(e.seed)),
    ...optional('Faults', e.faults.length === 0 ? null : e.faults.join(', ')),
  ];
  return [`coldstart evidence of ${e.procedure} ${e.cluster}`, '', ...labelled(rows)];
}

const optional = (name: string, text: string | null): [string, string][] => (text === null ? [] : [[name, text]]);

/** Rows of name and text; further lines of a text stand below its first. */
function labelled(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.flatMap(([name, text]) => text.split('\n').map((line, i) => (i === 0 ? name : '').padEnd(width) + line));
}

function failures(e: Evidence): string[] {
  if (e.failures.length === 0) return [];
  return [
    'Failures',
    ...e.failures.flatMap((f) => [
      `  ${f.step} ${f.item} ${f.verdict}`,
      ...indent(
        4,
        labelled([
          ...optional('cause', f.cause),
          ...optional('remedy', f.remedy),
          ...optional('page', f.page),
          ...optional('go on with', f.next),
        ]),
      ),
    ]),
  ];
}

function lists(e: Evidence): string[][] {
  const list = (title: string, lines: string[]): string[] => (lines.length === 0 ? [] : [title, ...indent(2, lines)]);
  return [
    list(
      'Unknown: these may have taken effect',
      e.unknown.map((u) => `${u.step} ${u.item} ${u.action} (attempt ${u.attempt}), ${u.shown}`),
    ),
    list(
      'Deviations',
      e.deviations.map((d) => `${utc(d.at)}  ${d.subject === null ? '' : `${d.subject}, `}${d.what}`),
    ),
    list(
      'Consents',
      e.consents.map((c) => `${utc(c.at)}  ${c.what}, in the words "${c.words}"`),
    ),
    list(
      'Processes that an earlier run had left',
      e.outlived.map(
        (o) =>
          `pid ${o.pid} of run ${o.run}, ${o.step} ${o.item} ${o.action}, ${o.ended ? 'was ended' : 'ended by itself'}`,
      ),
    ),
    list('Simulated, while real tools spoke to it', e.mode === 'lab-wire' ? simulatedOf(e) : []),
    list('Assumed', e.assumed),
  ];
}

const simulatedOf = (e: Evidence): string[] => [
  ...e.simulated,
  ...e.tools.filter((t) => t.simulated).map((t) => `tool ${t.name}`),
];

function criteria(e: Evidence): string[] {
  if (e.criteria.length === 0) return [];
  const rows = e.criteria.map((c) => {
    const signals = c.cites.reduce((sum, cite) => sum + cite.signals.length, 0);
    const by =
      c.verdict === 'met'
        ? `by ${c.step}, ${signals} ${signals === 1 ? 'signal' : 'signals'}`
        : oneLine(`${c.item === null ? '' : `${c.item}, `}${c.reason ?? ''}`);
    return [`  ${c.verdict}`, c.id, c.title, by];
  });
  return ['Criteria', ...table(rows)];
}

function times(e: Evidence): string[] {
  const rows = e.phases.map((p) => [
    `  ${p.id}`,
    p.verdict,
    duration(p.elapsed),
    p.slo === null ? '' : `SLO ${duration(p.slo)}${p.sloFormula === null ? '' : ` (${p.sloFormula})`}`,
    within(p),
  ]);
  const slowest = e.slowest.map((s) => [`  ${s.step}`, duration(s.elapsed)]);
  return ['Phases', ...table(rows), ...(slowest.length > 0 ? ['', 'Slowest steps', ...table(slowest)] : [])];
}

const within = (c: Clocked): string => (c.within === null ? '' : c.within ? 'within' : 'EXCEEDED');
const bound = (c: Clocked): string =>
  `${duration(c.elapsed)}${c.slo === null ? '' : ` (SLO ${duration(c.slo)}${c.within === null ? '' : `, ${within(c)}`})`}`;

function phase(p: EvidencePhase): string[] {
  return [`Phase ${p.id}, ${p.title}, ${p.verdict}`, ...p.steps.flatMap(step)];
}

function step(s: EvidenceStep): string[] {
  return [
    `  ${s.id}, ${s.title}, ${s.verdict}${s.elapsed === null ? '' : `, ${duration(s.elapsed)}`}`,
    ...indent(4, s.items.flatMap(item)),
  ];
}

function item(i: EvidenceItem): string[] {
  const facts = [
    i.verdict,
    ...(i.elapsed === null ? [] : [duration(i.elapsed)]),
    ...(i.attempts > 1 ? [`${i.attempts} attempts`] : []),
  ];
  const details = [
    ...i.actions.flatMap(action),
    ...i.retries.map((r) => `waited ${duration(r.in)} after attempt ${r.attempt}, since ${oneLine(r.cause)}`),
    ...i.signals.map(signalInWords).map(oneLine),
    ...i.diagnosis.map((signal) => `found ${oneLine(signalInWords(signal))}`),
    ...(i.verdict === 'done' || i.verdict === 'skipped' || i.cause === null ? [] : [`because ${oneLine(i.cause)}`]),
  ];
  return [`${i.item}  ${facts.join(', ')}`, ...indent(2, details)];
}

function action(a: EvidenceAction): string[] {
  const how = [
    a.outcome,
    ...(a.exit === null || a.exit === 0 ? [] : [`exit ${a.exit}`]),
    ...(a.elapsed === null ? [] : [duration(a.elapsed)]),
  ];
  const said = (a.excerpt ?? a.tail ?? '').replace(/\n+$/, '');
  return [
    `${a.risk === 'read' ? 'read' : 'sent'} ${a.action} #${a.attempt}  ${how.join(', ')}`.replace(
      /^sent/,
      a.sent ? 'sent' : 'held',
    ),
    `  $ ${oneLine(a.shown)}`,
    ...(a.consent === null ? [] : [`  by consent "${oneLine(a.consent)}"`]),
    ...a.guards.map((g) => `  guard ${g.id} ${g.ok ? 'ok' : `says no, ${oneLine(g.cause ?? '')}`}`),
    ...(said === '' ? [] : said.split('\n').map((line) => `  | ${line}`)),
  ];
}

function made(e: Evidence): string[] {
  return [
    'Made from',
    ...table(
      e.tools.map((t) => [
        `  tool ${t.name}`,
        t.version ?? 'version unknown',
        t.simulated ? 'simulated' : (t.digest ?? 'no digest'),
      ]),
    ),
    ...e.inputs.map((i) => `  ${i.digest}  ${i.path}`),
    `  ${e.plan}  the plan`,
    `  ${e.journal.head}  the last of ${e.journal.records} journal records${e.journal.torn ? '; a further line was cut off' : ''}`,
  ];
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' / ');
const indent = (by: number, lines: readonly string[]): string[] => lines.map((line) => ' '.repeat(by) + line);
