import { createHash } from 'node:crypto';
import type { Json, Plan } from '@coldstart/contract';

/** JSON with keys in order, so that equal data are equal bytes. */
export function canonical(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.keys(value)
      .filter((k) => value[k] !== undefined)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`)
      .join(',')}}`;
  return JSON.stringify(value ?? null);
}

/** What of a plan is compared: all but the words about what was assumed. */
const compared = ({ assumed: _assumed, ...plan }: Plan): Json => plan as unknown as Json;

/** SHA-256 (hex) over what of a plan is compared. */
export function planDigest(plan: Plan): string {
  return createHash('sha256')
    .update(canonical(compared(plan)))
    .digest('hex');
}

/** Where two plans differ, as paths with both values, most telling first; empty when they are equal. */
export function planDifferences(wanted: Plan, found: Plan): string[] {
  const out: string[] = [];
  compare('', compared(wanted), compared(found), out);
  return out;
}

function compare(at: string, a: Json | undefined, b: Json | undefined, out: string[]): void {
  if (canonical(a) === canonical(b) && (a === undefined) === (b === undefined)) return;
  if (Array.isArray(a) && Array.isArray(b)) {
    for (const [i, pair] of pairUp(a, b).entries()) compare(`${at}[${pair.name ?? i}]`, pair.a, pair.b, out);
    if (names(a) && names(b) && sameSet(a, b) && names(a)?.join() !== names(b)?.join())
      out.push(`${at}: the order differs: ${names(a)?.join(', ')} | ${names(b)?.join(', ')}`);
    return;
  }
  if (isRecord(a) && isRecord(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
      compare(at ? `${at}.${key}` : key, a[key], b[key], out);
    return;
  }
  out.push(`${at}: ${short(a)} | ${short(b)}`);
}

const isRecord = (v: Json | undefined): v is { [k: string]: Json } =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const short = (v: Json | undefined): string => {
  const text = v === undefined ? 'absent' : JSON.stringify(v);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
};
const nameOf = (v: Json): string | undefined => {
  if (!isRecord(v)) return undefined;
  const name = v['id'] ?? v['key'] ?? v['path'] ?? v['name'];
  return typeof name === 'string' ? name : undefined;
};
const names = (list: Json[]): string[] | undefined => {
  const all = list.map(nameOf);
  return all.every((n) => n !== undefined) && new Set(all).size === all.length ? (all as string[]) : undefined;
};
const sameSet = (a: Json[], b: Json[]): boolean =>
  [...(names(a) ?? [])].sort().join() === [...(names(b) ?? [])].sort().join();

function pairUp(a: Json[], b: Json[]): { name?: string; a: Json | undefined; b: Json | undefined }[] {
  const an = names(a);
  const bn = names(b);
  if (!an || !bn) return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => ({ a: a[i], b: b[i] }));
  return [...new Set([...an, ...bn])].map((name) => ({ name, a: a[an.indexOf(name)], b: b[bn.indexOf(name)] }));
}
