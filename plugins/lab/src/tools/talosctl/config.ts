import { X509Certificate } from 'node:crypto';
import type { Model } from '../../model.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { readTalosconfig } from './client.ts';
import type { Flags } from './flags.ts';
import { failed, said, table } from './say.ts';

/** `talosctl config contexts`. */
export function contexts(call: ToolCall, flags: Flags): ToolResult {
  const config = readTalosconfig(call, flags);
  const rows = Object.entries(config.contexts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, context]) => [
      name === config.current ? '*' : '',
      name,
      context.endpoints.join(','),
      context.nodes.length > 3 ? `${context.nodes.slice(0, 3).join(',')}...` : context.nodes.join(','),
    ]);
  return said(table([['CURRENT', 'NAME', 'ENDPOINTS', 'NODES'], ...rows]));
}

/** `talosctl config info -o json`. */
export function info(model: Model, call: ToolCall, flags: Flags): ToolResult {
  const config = readTalosconfig(call, flags);
  const name = flags.one('context') ?? config.current;
  const context = config.contexts[name];
  if (!context) return failed(name === '' ? 'no context is set' : `context ${JSON.stringify(name)} is not defined`);
  if (flags.one('output') !== 'json') notSimulated('talosctl', call.argv, 'config info in another form than json');
  const certificate = read(context.crt);
  const value = {
    context: name,
    nodes: context.nodes,
    endpoints: context.endpoints,
    roles: certificate?.subject.match(/^O=(.*)$/m)?.slice(1) ?? [],
    certTTL: certificate ? fromNow(Date.parse(certificate.validTo) - Date.parse(model.clock.wall())) : '',
    certNotAfter: certificate ? new Date(certificate.validTo).toISOString().slice(0, 10) : '',
  };
  return said(`${JSON.stringify(value, null, 2)}\n`);
}

function read(base64: string): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(base64, 'base64'));
  } catch {
    return undefined;
  }
}

const DAY = 86_400_000;
/** From the longest: its length, from how much on it is used, singular and plural. */
const UNITS: readonly (readonly [length: number, from: number, one: string])[] = [
  [365 * DAY, 360 * DAY, 'year'],
  [30 * DAY, 30 * DAY, 'month'],
  [7 * DAY, 7 * DAY, 'week'],
  [DAY, DAY, 'day'],
  [3_600_000, 3_600_000, 'hour'],
];

function fromNow(ms: number): string {
  const size = Math.abs(ms);
  const [length, , name] = UNITS.find(([, from]) => size >= from) ?? [60_000, 0, 'minute'];
  const count = Math.max(1, Math.floor(size / length));
  return `${count} ${name}${count === 1 ? '' : 's'} ${ms >= 0 ? 'from now' : 'ago'}`;
}
