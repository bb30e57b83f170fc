/**
 * Writes plugins/lab/src/nodes/machine-config/talos-types.ts: which keys the documents of a machine config have, and values of which kind.
 *
 *   node test/real/wire/talos-types.ts
 *
 * Read from the struct tags in Talos' machinery module, which talosctl is built from.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { familyModule } from '../toolchain/go.ts';

const MODULE = 'github.com/siderolabs/talos/pkg/machinery';
/** The file that is committed. */
export const TYPES = fileURLToPath(
  new URL('../../../plugins/lab/src/nodes/machine-config/talos-types.ts', import.meta.url),
);

/** Decoded by code of their own or not at all, so what they are made of says nothing; `go-decode.ts` knows some. */
const PLAIN = new Set([
  'string',
  'bool',
  'any',
  'int',
  'uint',
  'uint8',
  'uint16',
  'uint32',
  'uint64',
  'int64',
  'float64',
]);

/** The package of x509 is another module; its types are decoded by code of their own. */
const OTHERS: Readonly<Record<string, string>> = {
  'x509.PEMEncodedCertificateAndKey': 'crt string key string',
  'x509.PEMEncodedCertificate': 'crt string',
  'x509.PEMEncodedKey': 'key string',
};

type Source = { structs: Map<string, string[]>; named: Map<string, string>; kinds: Map<string, string> };

/** The whole file. */
export async function talosTypes(): Promise<string> {
  const { dir } = await familyModule('talosctl', MODULE);
  const version = dir.split('@').at(-1)!;
  const folder = join(dir, 'config/types');
  const source: Source = { structs: new Map(), named: new Map(), kinds: new Map() };
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort())
    if (/(?<!_test|_doc|deepcopy)\.go$/.test(name)) read(source, readFileSync(join(folder, name), 'utf8'));
  const lines = new Map<string, string>();
  const add = (type: string): void => {
    const name = type.replaceAll(/\*|\[\]|map\[string\]/g, '');
    if (PLAIN.has(name) || lines.has(name)) return;
    const alias = source.named.get(name);
    const fields = source.structs.get(name)?.flatMap((field) => flat(source, field));
    const line = OTHERS[name] ?? (alias ? `= ${alias}` : fields?.join(' '));
    // Decoded by code of its own: any value will do.
    if (!line || alias === name) return;
    lines.set(name, line);
    if (alias) add(alias);
    for (const field of fields ?? []) add(field.split(' ')[1]!);
  };
  add('v1alpha1.Config');
  for (const type of source.kinds.values()) add(type);
  const kinds = [...source.kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([kind, type]) => `@${kind} ${type}`);
  const types = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, line]) => `${name} ${line}`.trim());
  return `${head(version)}export const talosTypes = \`\n${[...types, ...kinds].join('\n')}\n\`;\n`;
}

const head = (version: string): string => `/**
 * The documents of a machine config as Talos ${version} decodes them: a line per type, with its keys and the Go types of their
 * values, or after \`=\` what it stands for; then a line per kind of a document. \`Unstructured\` holds any keys.
 * Source: the struct tags of ${MODULE}@${version}, config/types.
 * Written by test/real/wire/talos-types.ts.
 */
`;

function read(source: Source, text: string): void {
  const name = /^package (\w+)/m.exec(text)![1]!;
  const qualified = (type: string): string => type.replace(/^((?:\*|\[\]|map\[string\])*)([A-Z]\w*)$/, `$1${name}.$2`);
  for (const [, type, body] of text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
    const fields = [...body!.matchAll(/^\t(?:(\w+)\s+)??(\S+)\s+`yaml:"([^"]*)".*`/gm)].map(
      ([, , value, tag]) => `${tag!.includes(',inline') ? ',inline' : tag!.split(',')[0]} ${qualified(value!)}`,
    );
    source.structs.set(
      `${name}.${type}`,
      fields.filter((field) => !field.startsWith('- ')),
    );
  }
  for (const [, type, value] of text.matchAll(/^type (\w+) =? ?((?:\*|\[\]|map\[string\])*[\w.]+)$/gm))
    if (value !== 'struct') source.named.set(`${name}.${type}`, qualified(value!));
  const constants = new Map(
    [...text.matchAll(/^\s*(?:const )?(\w+)\s*=\s*"(\w+)"/gm)].map(([, key, value]) => [key, value!]),
  );
  for (const [, kind, type] of text.matchAll(/registry\.Register\((\w+), .*?return &(\w+)\{/gs))
    if (constants.has(kind)) source.kinds.set(constants.get(kind)!, `${name}.${type}`);
}

/** Structs within structs give their keys to the outer one. */
function flat(source: Source, field: string): string[] {
  const [key, type = ''] = field.split(' ');
  if (key !== ',inline') return [field];
  if (type.startsWith('map[')) return [`* ${type}`];
  return (source.structs.get(type) ?? []).flatMap((inner) => flat(source, inner));
}

if (import.meta.main) writeFileSync(TYPES, await talosTypes());
