import { parseResources, textOf } from './documents.ts';

/** Reads `get version -o json` of one node: the version it booted, with its `v`; null where it does not tell. */
export function parseBootVersion(stdout: string): string | null {
  return textOf(parseResources(stdout)[0]?.spec['version']);
}

/** What the server part of `version` says; null where only the client answered. */
export function parseServerVersion(stdout: string): { node: string | null; tag: string } | null {
  const server = stdout.split(/^Server:[ \t]*$/m)[1];
  const tag = server && /^\s*Tag:\s+(\S+)/m.exec(server)?.[1];
  if (!tag) return null;
  return { node: /^\s*NODE:\s+(\S+)/m.exec(server)?.[1] ?? null, tag };
}

export type Version = { major: number; minor: number; patch: number };

/** Reads `v1.13.0`, `1.13.0-beta.1`; null for what is no version. */
export function parseVersion(text: string): Version | null {
  const match = /^v?(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?:[-+].*)?$/.exec(text);
  return match && { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/** Whether `a` is of an older minor release than `b`. */
export const olderMinor = (a: Version, b: Version): boolean =>
  a.major < b.major || (a.major === b.major && a.minor < b.minor);
