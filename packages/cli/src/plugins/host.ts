import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, type Plugin } from '@oclif/core';
import { findPackage, findPlugins, loadPlugins } from './find.ts';

/** The folder of the host's own package. */
export const HOST = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** What oclif is told instead of looking for plugins by itself: the host, the plugins that stand beside it, and `help`. */
export async function hostOptions(
  searchFrom: readonly string[],
): Promise<{ root: string; plugins: Map<string, Plugin>; userPlugins: false; devPlugins: false }> {
  const found = await findPlugins([HOST, ...searchFrom]);
  const help = await findPackage(HOST, '@oclif/plugin-help');
  if (help) found.set('@oclif/plugin-help', help);
  return { root: HOST, plugins: await loadPlugins(HOST, found), userPlugins: false, devPlugins: false };
}

export async function loadHost(): Promise<Config> {
  return Config.load((await hostOptions([])) as never);
}
