import { resolve } from 'node:path';
import { type Flags, isOn, text } from './flags.ts';

export const wantsBundle = (flags: Flags): boolean => isOn(flags, 'bundle') || text(flags, 'bundle-file') !== undefined;

/** The operator's own choice of a file, as an absolute path. */
export function bundleFile(flags: Flags): string | undefined {
  const told = text(flags, 'bundle-file');
  return told === undefined ? undefined : resolve(process.cwd(), told);
}
