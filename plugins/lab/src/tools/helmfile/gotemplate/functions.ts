import { Buffer } from 'node:buffer';
import { stringify } from 'yaml';
import { isFields } from '../../../kubernetes/object.ts';
import { documents } from '../../../kubernetes/manifests/yaml.ts';
import { renderTemplate, shown, truth } from './render.ts';

/** What functions of a template may reach. */
export type World = { env: Readonly<Record<string, string>>; read(path: string): Uint8Array | undefined };
type Fn = (args: unknown[], world: World) => unknown;

const text = (value: unknown): string => shown(value);
const yaml = (value: unknown): string =>
  stringify(value ?? null, {
    lineWidth: 0,
    version: '1.1',
    aliasDuplicateObjects: false,
    indentSeq: false,
    sortMapEntries: true,
  }).replace(/\n$/, '');
const indent = (by: unknown, lines: unknown): string =>
  text(lines)
    .split('\n')
    .map((line) => `${' '.repeat(Number(by))}${line}`)
    .join('\n');
const equal = (one: unknown, other: unknown): boolean => text(one) === text(other);
const number = (value: unknown): number => Number(typeof value === 'string' ? value.trim() : value);

function file(path: unknown, world: World): string {
  const bytes = world.read(text(path));
  if (bytes === undefined) throw new Error(`open ${text(path)}: no such file or directory`);
  return new TextDecoder().decode(bytes);
}

function parsed(source: unknown): unknown {
  const result = documents(text(source));
  if ('problem' in result) throw new Error(`yaml: line ${result.problem.line}: ${result.problem.message}`);
  return result.values[0] ?? {};
}

function merged(base: unknown, over: unknown): unknown {
  if (!isFields(base) || !isFields(over)) return over === undefined ? base : over;
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) out[key] = Object.hasOwn(out, key) ? merged(out[key], value) : value;
  return out;
}

/** Functions of Go, Sprig and helmfile, by the names that templates call them. */
export const functions: Record<string, Fn> = {
  // helmfile
  env: ([name], world) => world.env[text(name)] ?? '',
  requiredEnv: ([name], world) => {
    const value = world.env[text(name)];
    if (value === undefined || value === '') throw new Error(`required env var \`${text(name)}\` is not set`);
    return value;
  },
  readFile: ([path], world) => file(path, world),
  isFile: ([path], world) => world.read(text(path)) !== undefined,
  toYaml: ([value]) => yaml(value),
  fromYaml: ([source]) => parsed(source),
  toJson: ([value]) => JSON.stringify(value ?? null),
  fromJson: ([source]) => JSON.parse(text(source)) as unknown,
  required: ([message, value]) => {
    if (value === undefined || value === null || value === '') throw new Error(text(message));
    return value;
  },
  tpl: ([template, data], world) => renderTemplate(text(template), data, world),
  get: (args) => {
    const [path, ...rest] = args;
    const data = rest.at(-1);
    const found = text(path)
      .split('.')
      .reduce((current: unknown, key) => (isFields(current) ? current[key] : undefined), data);
    if (found === undefined && rest.length < 2) throw new Error(`no value exist for key "${text(path)}"`);
    return found ?? rest[0];
  },
  // Go
  printf: ([format, ...values]) => {
    let next = 0;
    return text(format).replace(/%(?:[-+ 0#]*\d*(?:\.\d+)?)([vsdqtf%])/g, (_all, verb: string) =>
      verb === '%' ? '%' : verb === 'q' ? JSON.stringify(text(values[next++])) : text(values[next++]),
    );
  },
  print: (values) => values.map(text).join(''),
  and: (values) => values.find((value) => !truth(value)) ?? values.at(-1),
  or: (values) => values.find(truth) ?? values.at(-1),
  not: ([value]) => !truth(value),
  eq: ([one, ...others]) => others.some((other) => equal(one, other)),
  ne: ([one, other]) => !equal(one, other),
  lt: ([one, other]) => number(one) < number(other),
  le: ([one, other]) => number(one) <= number(other),
  gt: ([one, other]) => number(one) > number(other),
  ge: ([one, other]) => number(one) >= number(other),
  len: ([value]) =>
    Array.isArray(value) || typeof value === 'string' ? value.length : isFields(value) ? Object.keys(value).length : 0,
  index: ([value, ...keys]) =>
    keys.reduce(
      (current: unknown, key) =>
        Array.isArray(current) ? (current[number(key)] as unknown) : isFields(current) ? current[text(key)] : undefined,
      value,
    ),
  // Sprig
  default: ([fallback, value]) => (truth(value) ? value : fallback),
  empty: ([value]) => !truth(value),
  coalesce: (values) => values.find(truth),
  ternary: ([yes, no, value]) => (truth(value) ? yes : no),
  quote: (values) => values.map((value) => JSON.stringify(text(value))).join(' '),
  squote: (values) => values.map((value) => `'${text(value)}'`).join(' '),
  replace: ([old, by, source]) => text(source).replaceAll(text(old), () => text(by)),
  trim: ([value]) => text(value).trim(),
  trimAll: ([cut, value]) =>
    text(value)
      .split(text(cut))
      .filter((part) => part !== '')
      .join(text(cut)),
  trimSuffix: ([suffix, value]) =>
    text(value).endsWith(text(suffix)) ? text(value).slice(0, text(value).length - text(suffix).length) : text(value),
  trimPrefix: ([prefix, value]) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value),
  upper: ([value]) => text(value).toUpperCase(),
  lower: ([value]) => text(value).toLowerCase(),
  contains: ([part, value]) => text(value).includes(text(part)),
  hasPrefix: ([prefix, value]) => text(value).startsWith(text(prefix)),
  hasSuffix: ([suffix, value]) => text(value).endsWith(text(suffix)),
  hasKey: ([map, key]) => isFields(map) && Object.hasOwn(map, text(key)),
  splitList: ([by, value]) => text(value).split(text(by)),
  join: ([by, list]) => (Array.isArray(list) ? list.map(text).join(text(by)) : text(list)),
  list: (values) => values,
  dict: (values) =>
    Object.fromEntries(
      Array.from({ length: Math.floor(values.length / 2) }, (_, index) => [
        text(values[2 * index]),
        values[2 * index + 1],
      ]),
    ),
  merge: (maps) => maps.reduceRight((over, base) => merged(over, base)),
  mergeOverwrite: (maps) => maps.reduce((base, over) => merged(base, over)),
  keys: ([map]) => (isFields(map) ? Object.keys(map) : []),
  first: ([list]) => (Array.isArray(list) ? (list[0] as unknown) : undefined),
  last: ([list]) => (Array.isArray(list) ? (list.at(-1) as unknown) : undefined),
  int: ([value]) => Math.trunc(number(value)),
  add: (values) => values.reduce((sum: number, value) => sum + number(value), 0),
  sub: ([one, other]) => number(one) - number(other),
  toString: ((values: unknown[]) => text(values[0])) as Fn,
  indent: ([by, lines]) => indent(by, lines),
  nindent: ([by, lines]) => `\n${indent(by, lines)}`,
  b64enc: ([value]) => Buffer.from(text(value)).toString('base64'),
  b64dec: ([value]) => Buffer.from(text(value), 'base64').toString('utf8'),
  dir: ([path]) => text(path).replace(/\/[^/]*$/, '') || '.',
  base: ([path]) => text(path).replace(/^.*\//, ''),
};
