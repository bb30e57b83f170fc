import type { Files, Finding } from '@coldstart/contract';
import { isNode, LineCounter, parseAllDocuments, type Document } from 'yaml';

/** Larger than any machine config; a file beyond it is not one. */
export const MOST_BYTES = 2 * 1024 * 1024;
const MOST_ALIASES = 100;

export type Path = (string | number)[];
export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** A YAML file of the operator's: its values, and where each of them stands. */
export class YamlFile {
  readonly file: string;
  readonly documents: Plain[];
  readonly #nodes: readonly Document[];
  readonly #lines: LineCounter;

  constructor(file: string, documents: Plain[], nodes: readonly Document[], lines: LineCounter) {
    this.file = file;
    this.documents = documents;
    this.#nodes = nodes;
    this.#lines = lines;
  }

  /** The value at a path of the first document. */
  get(...path: Path): Plain | undefined {
    return dig(this.documents[0], path);
  }

  /** A finding at a path, or at its nearest parent that is there. */
  finding(path: Path, found: string, expected: string, document = 0): Finding {
    const tree = this.#nodes[document];
    if (!tree) return { file: this.file, found, expected };
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0 ? tree.contents : tree.getIn(path.slice(0, length), true);
      if (!isNode(node) || !node.range) continue;
      const { line, col } = this.#lines.linePos(node.range[0]);
      return { file: this.file, line, column: col, found, expected };
    }
    return { file: this.file, found, expected };
  }
}

export type Loaded = { file: YamlFile } | { absent: true } | { problem: Finding };

/** Reads a YAML file. Duplicate keys, custom tags and what is not YAML are findings; their text holds no value of the file. */
export async function loadYaml(files: Files, path: string): Promise<Loaded> {
  const bytes = await files.read(path, MOST_BYTES);
  if (!bytes) return { absent: true };
  const lines = new LineCounter();
  const parsed = parseAllDocuments(new TextDecoder().decode(bytes), { uniqueKeys: true, lineCounter: lines });
  const nodes: readonly Document[] = Array.isArray(parsed) ? parsed : [];
  for (const node of nodes) {
    const problem = node.errors[0] ?? node.warnings[0];
    if (!problem) continue;
    const { line, col } = lines.linePos(problem.pos[0]);
    return {
      problem: {
        file: path,
        line,
        column: col,
        found: PROBLEMS[problem.code] ?? `what is not YAML (${problem.code})`,
        expected: 'YAML without duplicate keys and custom tags',
      },
    };
  }
  try {
    const documents = nodes.map((node) => node.toJS({ maxAliasCount: MOST_ALIASES }) as Plain);
    return { file: new YamlFile(path, documents, nodes, lines) };
  } catch {
    return {
      problem: { file: path, found: 'aliases that unfold without end', expected: `at most ${MOST_ALIASES} aliases` },
    };
  }
}

const PROBLEMS: Record<string, string> = {
  DUPLICATE_KEY: 'a key that stands there twice',
  TAG_RESOLVE_FAILED: 'a custom tag',
  BAD_INDENT: 'a wrong indentation',
  TAB_AS_INDENT: 'a tab as indentation',
};

export function dig(value: Plain | undefined, path: Path): Plain | undefined {
  let here: Plain | undefined = value;
  for (const part of path) {
    if (Array.isArray(here) && typeof part === 'number') here = here[part];
    else if (isRecord(here) && Object.hasOwn(here, String(part))) here = here[String(part)];
    else return undefined;
  }
  return here;
}

export const isRecord = (value: Plain | undefined): value is { [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const textAt = (value: Plain | undefined, ...path: Path): string | null => {
  const found = dig(value, path);
  return typeof found === 'string' && found !== '' ? found : null;
};
export const listAt = (value: Plain | undefined, ...path: Path): Plain[] => {
  const found = dig(value, path);
  return Array.isArray(found) ? found : [];
};
export const textsAt = (value: Plain | undefined, ...path: Path): string[] =>
  listAt(value, ...path).filter((entry): entry is string => typeof entry === 'string');
