import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const WORKSPACE = join(import.meta.dirname, '../../..');

const FOLDERS: Readonly<Record<string, string>> = {
  '@coldstart/contract': 'packages/contract',
  '@coldstart/tools': 'packages/tools',
  '@coldstart/engine': 'packages/engine',
  '@coldstart/cli': 'packages/cli',
  '@coldstart/all': 'packages/all',
  '@coldstart/plugin-talos': 'plugins/talos',
  '@coldstart/plugin-helmfile': 'plugins/helmfile',
  '@coldstart/plugin-flux': 'plugins/flux',
  '@coldstart/plugin-cilium': 'plugins/cilium',
  '@coldstart/plugin-lab': 'plugins/lab',
};

export type Installed = { folder: string; bin: string; remove(): void };

/**
 * Installs packages as npm would lay them out: ours unpacked from the tarballs that `npm pack` makes, what others publish by
 * a link to what the workspace has. No registry is asked. `own` are folders of further plugins, by name.
 */
export function installPacked(names: readonly string[], own: Readonly<Record<string, string>> = {}): Installed {
  const folder = mkdtempSync(join(tmpdir(), 'coldstart-packed-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@coldstart'), { recursive: true });
  // In one call: npm takes longer to begin than to pack.
  const workspaces = names.flatMap((name) => ['--workspace', FOLDERS[name] as string]);
  const said = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', folder, ...workspaces],
    {
      cwd: WORKSPACE,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  for (const { name, filename } of JSON.parse(said) as { name: string; filename: string }[]) {
    mkdirSync(join(modules, name));
    execFileSync('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', join(modules, name)]);
  }
  for (const [name, from] of Object.entries(own)) cpSync(from, join(modules, name), { recursive: true });
  linkOthers(join(WORKSPACE, 'node_modules'), modules);
  const host = names.includes('@coldstart/all') ? '@coldstart/all' : '@coldstart/cli';
  return {
    folder,
    bin: join(modules, host, 'bin/run.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function linkOthers(from: string, to: string): void {
  for (const name of readdirSync(from)) {
    if (name.startsWith('.') || name === '@coldstart') continue;
    const names = name.startsWith('@') ? readdirSync(join(from, name)).map((n) => join(name, n)) : [name];
    for (const each of names) {
      if (existsSync(join(to, each))) continue;
      mkdirSync(dirname(join(to, each)), { recursive: true });
      symlinkSync(join(from, each), join(to, each));
    }
  }
}
