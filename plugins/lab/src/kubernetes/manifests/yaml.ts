import { type Document, parseAllDocuments, stringify } from 'yaml';
import { memo } from '../../memo.ts';
import { isFields, type KubeObject } from '../object.ts';

/** What stands wrong in a YAML text, in the words of the parser, with its line (from 1). */
export type YamlProblem = { message: string; line: number };

export type Documents = { readonly values: readonly unknown[] } | { readonly problem: YamlProblem };

/**
 * The documents of a stream as plain data; empty ones are left out. The answer may be shared, and is never changed: a
 * rehearsal builds the same manifests and reads the same files at every look.
 */
export const documents = memo(parse, 500);

function parse(text: string): Documents {
  const parsed = parseAllDocuments(text, { version: '1.2', merge: true, uniqueKeys: true, logLevel: 'silent' });
  const list = Array.isArray(parsed) ? (parsed as Document.Parsed[]) : [];
  for (const document of list) {
    const [error] = document.errors;
    if (error)
      return {
        problem: { message: error.message.split('\n')[0] ?? error.message, line: error.linePos?.[0].line ?? 1 },
      };
  }
  return {
    values: list
      .map((document) => document.toJS({ maxAliasCount: 100 }) as unknown)
      .filter((value) => value !== null && value !== undefined),
  };
}

/** The Kubernetes objects of a stream, `List`s taken apart. What is no object is given as it stands, for the caller's complaint. */
export function objectsOf(values: readonly unknown[]): unknown[] {
  return values.flatMap((value) =>
    isFields(value) && value['kind'] === 'List' && Array.isArray(value['items']) ? objectsOf(value['items']) : [value],
  );
}

export const isObject = (value: unknown): value is KubeObject =>
  isFields(value) &&
  typeof value['apiVersion'] === 'string' &&
  typeof value['kind'] === 'string' &&
  isFields(value['metadata']);

/** YAML as the Kubernetes tools print it: keys sorted, two spaces, one document. The same objects are printed again and again. */
export const toYaml = (value: unknown): string => yamlOf(JSON.stringify(value));

const yamlOf = memo(
  (json: string) =>
    stringify(JSON.parse(json), {
      sortMapEntries: true,
      lineWidth: 0,
      version: '1.1',
      aliasDuplicateObjects: false,
      indentSeq: false,
    }),
  1000,
);

/** A stream of documents, each introduced by `---`. */
export const toStream = (values: readonly unknown[]): string => values.map((value) => `---\n${toYaml(value)}`).join('');
