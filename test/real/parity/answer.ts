import type { Question } from './questions/index.ts';

export type Aspect = 'exit' | 'streams' | 'raw' | 'read';
export type Difference = { question: string; in: Aspect[]; because: string };

/** What a tool answered, and how our steps read it. */
export type Answer = {
  exit: number | null;
  /** Whether there was anything on stdout, and on stderr. */
  streams: [boolean, boolean];
  stdout: string;
  stderr: string;
  read: unknown;
};

export const answerOf = (question: Question, exit: number | null, stdout: string, stderr: string): Answer => ({
  exit,
  streams: [stdout.trim() !== '', stderr.trim() !== ''],
  stdout,
  stderr,
  read: question.read?.(stdout, stderr) ?? null,
});

const ESC = '\u001B';

/** What differs from side to side by nature: addresses, ids, moments, folders. */
const plain = (text: string): string =>
  evenly(text)
    // The real ones are told to use no colours.
    .replaceAll(new RegExp(`${ESC}\\[[\\d;]*m`, 'g'), '')
    .replaceAll(/https?:\/\/[\d.]+(:\d+)?/g, 'SERVER')
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replaceAll(/"resourceVersion": "\d+"/g, '"resourceVersion": "N"')
    .replaceAll(/\b[0-9a-f]{40}(?=\trefs\/|\n$)/g, 'COMMIT')
    // As flux tells it: whole, or cut to eight digits.
    .replaceAll(/(?<=@sha(1|256):)[0-9a-f]{8,64}\b/g, (id) => `${id.length} DIGITS`)
    .replaceAll(/(?<=\d\+)[0-9a-f]{12}\b/g, '12 DIGITS')
    // The system's own git is whatever it is.
    .replaceAll(/^git version .*/g, 'git version')
    .replaceAll(/\d{4}-\d\d-\d\d [\d:.]+ \+0000 UTC/g, 'TIME')
    .replaceAll(/LAST DEPLOYED: .*/g, 'LAST DEPLOYED: TIME')
    // Whether a chart has tests is the chart's own.
    .replaceAll(/^TEST SUITE: None\n/gm, '')
    // A chart that was packed for this run.
    .replaceAll(/^Digest: sha256:[0-9a-f]{64}$/gm, 'Digest: SHA-256')
    // How long helm took, in helmfile's table.
    .replaceAll(/ +\d+s$/gm, ' TOOK')
    // The images of Flux' controllers are each installation's own.
    .replaceAll(/^► \S+\/fluxcd\/(\S+):v[\d.]+$/gm, '► IMAGE $1')
    // Folders: recordings have none, and so has the lab.
    .replaceAll(/(\/[\w.-]+)+\/(?=nowhere|clusters|kubernetes|id_|keys\.txt|helm\b|helmfile\/)/g, '')
    // helmfile counts what helm is given, folders and all.
    .replaceAll(/\(\d+ bytes\)/g, '(N bytes)')
    // helmfile hears helm's two streams at once: which line of which came first is chance.
    .replaceAll(/(?<=^COMBINED OUTPUT:\n)(?: {2}.*\n?)+/gm, (lines) => lines.split('\n').sort().join('\n'))
    .trimEnd();

/** Flux says where it built, by a number of its own: what is as wide as that is padded by another measure. */
const evenly = (text: string): string => {
  const folders = text.replaceAll(/stat \S+\/kustomization-\d+\//g, 'stat TEMPORARY/');
  return folders === text ? text : folders.replaceAll(/ +(?=\t|$)/gm, '');
};

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);

/** The lab marks what it made up in a chart's place, which no chart does. */
const MARK = 'coldstart-lab/';
const unmarked = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeOf(value) !== 'object') return value;
  const left = Object.entries(value as object).flatMap(([key, one]): [string, unknown][] => {
    if (key.startsWith(MARK)) return [];
    const bare = unmarked(one);
    const emptied = typeOf(bare) === 'object' && Object.keys(bare as object).length === 0;
    return emptied && Object.keys(one as object).length > 0 ? [] : [[key, bare]];
  });
  return Object.fromEntries(left);
};

/** What a JSON value of the lab has that the real one has not, or of another type: `items[].metadata.name: text`. */
const beyond = (real: unknown, simulated: unknown, at = ''): string[] => {
  if (typeOf(real) !== typeOf(simulated)) return [`${at}: ${typeOf(simulated)}, and in truth ${typeOf(real)}`];
  if (Array.isArray(simulated)) return beyond((real as unknown[])[0] ?? simulated[0], simulated[0], `${at}[]`);
  if (typeOf(simulated) !== 'object') return [];
  return Object.entries(simulated as object).flatMap(([key, value]) => {
    const there = (real as Record<string, unknown>)[key];
    return there === undefined ? [`${at}.${key}: not there in truth`] : beyond(there, value, `${at}.${key}`);
  });
};

const json = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/**
 * How the simulated answer differs from the real one in its raw form. JSON is held to its shape: the simulated tool may say
 * less, never something that the real one does not say. Any other text must be the same but for what differs by nature.
 */
export const rawDifferences = (real: Answer, simulated: Answer): string[] => {
  const [one, other] = [json(real.stdout), json(simulated.stdout)];
  const out =
    one !== undefined && other !== undefined
      ? beyond(one, unmarked(other))
      : plain(real.stdout) === plain(simulated.stdout)
        ? []
        : [`stdout: ${plain(simulated.stdout)}\nand in truth: ${plain(real.stdout)}`];
  if (plain(real.stderr) === plain(simulated.stderr)) return out;
  return [...out, `stderr: ${plain(simulated.stderr)}\nand in truth: ${plain(real.stderr)}`];
};

export const differing = (real: Answer, simulated: Answer): Aspect[] => {
  const found: Aspect[] = [];
  if (real.exit !== simulated.exit) found.push('exit');
  if (JSON.stringify(real.streams) !== JSON.stringify(simulated.streams)) found.push('streams');
  if (rawDifferences(real, simulated).length > 0) found.push('raw');
  // Text names addresses and folders: each side is held to what is expected in it instead.
  if (typeof real.read !== 'string' && JSON.stringify(real.read) !== JSON.stringify(simulated.read)) found.push('read');
  return found;
};
