import { readFile, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Plugin } from '@oclif/core';
import { EXIT, Problem } from '@coldstart/contract';

const SCOPE = '@coldstart';
const PREFIX = 'plugin-';

/**
 * The folders of the installed plugins by package name: `@coldstart/plugin-*` in the node_modules folders from each start
 * upwards. The nearest wins, as it does for Node's own resolution; a workspace's links are followed.
 */
export async function findPlugins(starts: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const start of starts) {
    for (const folder of upwards(await realpath(start))) {
      const scope = join(folder, 'node_modules', SCOPE);
      for (const name of await readdir(scope).catch(() => [])) {
        const full = `${SCOPE}/${name}`;
        if (!name.startsWith(PREFIX) || found.has(full)) continue;
        const root = await realpath(join(scope, name)).catch(() => undefined);
        if (root && (await hasOclif(root))) found.set(full, root);
      }
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The nearest folder of one package, as `findPlugins` looks for it. */
export async function findPackage(start: string, name: string): Promise<string | undefined> {
  for (const folder of upwards(await realpath(start))) {
    const root = await realpath(join(folder, 'node_modules', name)).catch(() => undefined);
    if (root) return root;
  }
  return undefined;
}

/**
 * Loads the host and its plugins for oclif, the host first.
 * They are loaded here, not by oclif, which takes a plugin that does not load for a warning and guesses at roots by name.
 */
export async function loadPlugins(host: string, plugins: ReadonlyMap<string, string>): Promise<Map<string, Plugin>> {
  const loaded = new Map<string, Plugin>();
  const owners = new Map<string, string>();
  for (const root of [host, ...plugins.values()]) {
    const plugin = new Plugin({ root, type: 'core', isRoot: root === host });
    try {
      await plugin.load();
    } catch (error) {
      throw new Problem(
        `the plugin in ${root} does not load: ${error instanceof Error ? error.message : String(error)}`,
        {
          exit: EXIT.usage,
          remedy: 'install it again, or remove it',
          cause: error,
        },
      );
    }
    for (const { id } of plugin.commands) {
      const owner = owners.get(id);
      if (owner !== undefined) {
        throw new Problem(`${plugin.name} and ${owner} both bring the command "${id.replaceAll(':', ' ')}"`, {
          exit: EXIT.usage,
          remedy: `remove one of them: npm uninstall ${plugin.name}`,
        });
      }
      owners.set(id, plugin.name);
    }
    loaded.set(plugin.name, plugin);
  }
  return loaded;
}

async function hasOclif(root: string): Promise<boolean> {
  try {
    return 'oclif' in (JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as object);
  } catch {
    return false;
  }
}

function* upwards(from: string): Generator<string> {
  for (let folder = from; ; folder = dirname(folder)) {
    yield folder;
    if (dirname(folder) === folder) return;
  }
}
