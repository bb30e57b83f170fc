import type { z } from 'zod';
import { type ConfigSection, EXIT, type Files, type Finding, type Json, type Ms, Problem } from '@coldstart/contract';
import type { SloOfPhase } from '../procedures/create.ts';
import { type ConfigDocument, parseConfig, type Path } from './document.ts';
import { parseDuration } from './duration.ts';
import { check, type Issue, unknownKey } from './issues.ts';
import { envOf, mergeOver, type Origin, override, setAt } from './override.ts';
import { clusterShorthands, Frame, hostSections, LockSection } from './schema.ts';

export const CONFIG_FILE = 'coldstart.yaml';

/** Configuration as it holds for one cluster: flags over environment over file over defaults. */
export type Configuration = {
  /** The file that was read; null where there is none. */
  file: string | null;
  /** Each section, checked and with its defaults, by name; the host's `kubernetes` is among them. */
  sections: Record<string, Json>;
  evidence: { dir: string; story: string };
  slo: { total: Ms | null; phases: Record<string, SloOfPhase> };
  /** Clusters that the file names. */
  clusters: string[];
};

/**
 * Reads `coldstart.yaml`, which need not be there.
 *
 * @param told the file that the operator named; it must be there
 * @throws Problem (exit 2) that lists every finding with file, line, column, what was found and what was expected
 */
export async function readConfiguration(
  files: Files,
  at: { cluster: string; told: string | undefined; plugins: readonly ConfigSection[]; origin: Origin },
): Promise<Configuration> {
  const file = at.told ?? CONFIG_FILE;
  const bytes = await files.read(file);
  if (bytes === undefined && at.told !== undefined) {
    throw new Problem(`there is no configuration file ${file}`, {
      exit: EXIT.usage,
      remedy: 'give the path of a file with --config, or leave it out',
    });
  }
  const document = bytes === undefined ? empty() : parseConfig(file, bytes);
  if ('findings' in document) throw invalid(document.findings);
  const findings: Finding[] = [];
  const report = (issues: readonly Issue[], base: Path): void => {
    for (const { path, found, expected, key } of issues) {
      findings.push({ file, ...document.place([...base, ...path], key), found, expected });
    }
  };

  const frame = check(Frame, document.value);
  if ('issues' in frame) {
    report(frame.issues, []);
    throw invalid(findings);
  }
  const plugins = new Map(at.plugins.map((section) => [section.section, section]));
  const known = [...Object.keys(hostSections), ...plugins.keys()];
  const { version: _, clusters = {}, ...top } = frame.value;
  for (const name of Object.keys(top)) {
    if (!known.includes(name)) report([unknownKey([name], ['version', 'clusters', ...known])], []);
  }
  for (const [cluster, own] of Object.entries(clusters)) {
    for (const name of Object.keys(own ?? {})) {
      if (known.includes(name)) continue;
      if (!(name in clusterShorthands))
        report([unknownKey([name], [...Object.keys(clusterShorthands), ...known])], ['clusters', cluster]);
    }
  }

  const own = expandShorthands(clusters[at.cluster] ?? {}, (issues, path) =>
    report(issues, ['clusters', at.cluster, ...path]),
  );
  const sections: Record<string, Json> = {};
  const take = <T>(name: string, result: { value: T } | { issues: readonly Issue[] }): T | undefined => {
    if ('value' in result) return result.value;
    for (const issue of result.issues)
      report([{ ...issue, path: placeOf(document, at.cluster, [name, ...issue.path]) }], []);
    return undefined;
  };
  const host = <K extends keyof typeof hostSections>(name: K): z.output<(typeof hostSections)[K]> | undefined =>
    take(name, check(hostSections[name], mergeOver(top[name] ?? {}, own[name]))) as
      | z.output<(typeof hostSections)[K]>
      | undefined;
  const [kubernetes = {}, evidence = {}, slo = {}] = [host('kubernetes'), host('evidence'), host('slo')];
  sections['kubernetes'] = kubernetes as Json;
  const remote = told('lock-git', at.origin);
  const lock = take(
    'lock',
    check(LockSection, mergeOver(mergeOver(top['lock'] ?? {}, own['lock']), remote && { git: remote })),
  );
  if (lock?.git !== undefined) sections['lock'] = { git: lock.git };
  for (const [name, section] of plugins) {
    const checked = take(name, section.validate(override(section, mergeOver(top[name], own[name]), at.origin)));
    if (checked !== undefined) sections[name] = checked;
  }
  if (findings.length > 0) throw invalid(findings);

  return {
    file: bytes === undefined ? null : file,
    sections,
    evidence: {
      dir: String(told('evidence-dir', at.origin) ?? evidence.dir ?? 'docs/qa/evidence'),
      story: String(told('story', at.origin) ?? evidence.story ?? 'coldstart'),
    },
    slo: {
      total: slo.total === undefined ? null : parseDuration(slo.total),
      phases: Object.fromEntries(Object.entries(slo.phases ?? {}).map(([phase, text]) => [phase, phaseSlo(text)])),
    },
    clusters: Object.keys(clusters),
  };
}

const phaseSlo = (told: string | { base: string; perNode: string } = ''): SloOfPhase =>
  typeof told === 'string'
    ? parseDuration(told)
    : { base: parseDuration(told.base), perNode: parseDuration(told.perNode) };

/** `clusters.infra.context` stands for `clusters.infra.kubernetes.context`, and the like. */
function expandShorthands(
  own: Record<string, unknown>,
  report: (issues: Issue[], path: Path) => void,
): Record<string, unknown> {
  let result: Record<string, unknown> = { ...own };
  for (const [name, { as, schema }] of Object.entries(clusterShorthands)) {
    if (!(name in own)) continue;
    const checked = check(schema, own[name]);
    if ('issues' in checked) report(checked.issues, [name]);
    delete result[name];
    result = setAt(result, as, own[name]) as Record<string, unknown>;
  }
  return result;
}

/** Where the file says a section's value for this cluster: in the cluster's own part, by a shorthand, or at the top. */
function placeOf(document: ConfigDocument, cluster: string, path: (string | number)[]): (string | number)[] {
  const shorthand = Object.entries(clusterShorthands).find(([, { as }]) => as.join('.') === path.join('.'))?.[0];
  const places = [['clusters', cluster, ...path], ...(shorthand ? [['clusters', cluster, shorthand]] : []), path];
  return places.find((place) => document.has(place)) ?? path;
}

function told(flag: string, origin: Origin): Json | undefined {
  return origin.flags[flag] ?? (origin.env(envOf(flag)) || undefined);
}

function empty(): ConfigDocument {
  return { file: CONFIG_FILE, value: { version: 1 }, place: () => ({ line: 1, column: 1 }), has: () => false };
}

function invalid(findings: readonly Finding[]): Problem {
  return findingsProblem(
    'the configuration is not valid',
    findings,
    'mend the lines above; the schema for editors is in @coldstart/cli/schema/coldstart.schema.json',
  );
}

/** All findings in one error, one line each: `file:line:column: found …; expected …`. */
export function findingsProblem(headline: string, findings: readonly Finding[], remedy: string): Problem {
  const order = (a: Finding, b: Finding): number => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  const lines = [...findings]
    .sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : order(a, b)))
    .map(({ file, line, column, found, expected }) => {
      const where = [file, line, line === undefined ? undefined : column]
        .filter((part) => part !== undefined)
        .join(':');
      return `\n  ${where}: found ${found}; expected ${expected}`;
    });
  return new Problem(headline + lines.join(''), { exit: EXIT.usage, remedy });
}
