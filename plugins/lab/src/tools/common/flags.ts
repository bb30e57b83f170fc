/**
 * The flag grammar of the tools that are built on pflag (kubectl, helm, helmfile, flux, cilium): `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, grouped switches, and `--` ends flags.
 */
export type FlagTable = Record<string, FlagSpec>;
export type FlagSpec = {
  kind: 'switch' | 'value' | 'values';
  short?: string;
  /** A value flag that may stand without one, as `--dry-run`: what it means then. */
  bare?: string;
};

export type Flags = {
  words: string[];
  has(name: string): boolean;
  /** Whether a switch is on. */
  on(name: string): boolean;
  value(name: string): string | undefined;
  values(name: string): string[];
};

/** What pflag says of a flag that it does not know, or that lacks its value; without the tool's frame. */
export type FlagProblem = { problem: string };

export const flag = (short?: string): FlagSpec => ({ kind: 'value', ...(short === undefined ? {} : { short }) });
export const flags = (short?: string): FlagSpec => ({ kind: 'values', ...(short === undefined ? {} : { short }) });
export const toggle = (short?: string): FlagSpec => ({ kind: 'switch', ...(short === undefined ? {} : { short }) });

export function parseFlags(argv: readonly string[], table: FlagTable): Flags | FlagProblem {
  const words: string[] = [];
  const given = new Map<string, string[]>();
  const add = (name: string, value: string): void => void given.set(name, [...(given.get(name) ?? []), value]);
  const byShort = shortsOf(table);

  for (let index = 0; index < argv.length; index += 1) {
    const arg = argv[index] as string;
    if (arg === '--') {
      words.push(...argv.slice(index + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [name, inline] = cut(arg.slice(2));
      const spec = Object.hasOwn(table, name) ? table[name] : undefined;
      if (spec === undefined) return { problem: `unknown flag: --${name}` };
      if (inline !== undefined) add(name, inline);
      else if (spec.kind === 'switch') add(name, 'true');
      else if (spec.bare !== undefined) add(name, spec.bare);
      else if (index + 1 < argv.length) add(name, argv[(index += 1)] as string);
      else return { problem: `flag needs an argument: --${name}` };
    } else if (arg.startsWith('-') && arg.length > 1) {
      for (let rest = arg.slice(1); rest !== '';) {
        const short = rest[0] as string;
        const name = byShort.get(short);
        const spec = name === undefined ? undefined : table[name];
        if (name === undefined || spec === undefined)
          return { problem: `unknown shorthand flag: '${short}' in ${arg}` };
        rest = rest.slice(1);
        if (spec.kind === 'switch') {
          add(name, 'true');
          continue;
        }
        if (rest !== '') add(name, rest.replace(/^=/, ''));
        else if (index + 1 < argv.length) add(name, argv[(index += 1)] as string);
        else return { problem: `flag needs an argument: '${short}' in ${arg}` };
        rest = '';
      }
    } else words.push(arg);
  }
  return {
    words,
    has: (name) => given.has(name),
    on: (name) => given.get(name)?.at(-1) === 'true',
    value: (name) => given.get(name)?.at(-1),
    values: (name) =>
      (given.get(name) ?? []).flatMap((value) => (table[name]?.kind === 'values' ? value.split(',') : [value])),
  };
}

const shorts = new WeakMap<FlagTable, ReadonlyMap<string, string>>();

function shortsOf(table: FlagTable): ReadonlyMap<string, string> {
  const before = shorts.get(table);
  if (before) return before;
  const made = new Map(
    Object.entries(table).flatMap(([name, spec]) => (spec.short === undefined ? [] : [[spec.short, name] as const])),
  );
  shorts.set(table, made);
  return made;
}

function cut(text: string): [string, string | undefined] {
  const sign = text.indexOf('=');
  return sign < 0 ? [text, undefined] : [text.slice(0, sign), text.slice(sign + 1)];
}

/** Go's duration (`1m30s`, `0`) in milliseconds; undefined where it is none. */
export function goDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text)) return undefined;
  const unit: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, many, name]) => sum + Number(many) * (unit[name as string] as number),
    0,
  );
}
