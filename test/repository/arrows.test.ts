import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Who may import whom (docs/architecture.md). What is not listed is refused. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'packages/contract': [],
  'packages/tools': ['@coldstart/contract'],
  'packages/engine': ['@coldstart/contract'],
  'packages/cli': ['@coldstart/contract', '@coldstart/engine'],
  'packages/all': ['@coldstart/cli'],
  'plugins/talos': ['@coldstart/contract', '@coldstart/tools'],
  'plugins/helmfile': ['@coldstart/contract', '@coldstart/tools'],
  'plugins/flux': ['@coldstart/contract', '@coldstart/tools'],
  'plugins/cilium': ['@coldstart/contract', '@coldstart/tools'],
  'plugins/lab': ['@coldstart/contract'],
};

const root = join(import.meta.dirname, '../..');
const sources = globSync('{packages,plugins}/*/{src,bin,scripts}/**/*.{ts,js}', { cwd: root });
const packageOf = (file: string): string => file.split('/').slice(0, 2).join('/');
const imports = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1] as string);

describe('arrows point one way', () => {
  test('every package has its row', () => {
    expect([...new Set(sources.map(packageOf))].filter((p) => !(p in MAY))).toEqual([]);
  });

  test.each(Object.entries(MAY))('%s imports only what it may', (folder, allowed) => {
    const wrong = sources
      .filter((file) => packageOf(file) === folder)
      .flatMap((file) => imports(file).map((to) => ({ file, to })))
      .filter(({ file, to }) => {
        if (to.startsWith('@coldstart/')) return !allowed.some((a) => to === a || to.startsWith(`${a}/`));
        if (!to.startsWith('.')) return false;
        return packageOf(relative(root, join(root, dirname(file), to))) !== folder;
      });
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(MAY))('%s declares what it imports, and no more of ours', (folder, allowed) => {
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as {
      dependencies?: object;
    };
    const ours = Object.keys(dependencies).filter((d) => d.startsWith('@coldstart/'));
    expect(folder === 'packages/all' ? [] : ours.filter((d) => !allowed.includes(d))).toEqual([]);
    const used = new Set(
      sources
        .filter((f) => packageOf(f) === folder)
        .flatMap(imports)
        .filter((to) => to.startsWith('@coldstart/'))
        .map((to) => to.split('/').slice(0, 2).join('/')),
    );
    expect([...used].filter((u) => !ours.includes(u))).toEqual([]);
  });

  test('only a contract subpath for commands knows oclif, and the engine knows none', () => {
    const wrong = sources
      .filter((f) => imports(f).some((to) => to.startsWith('@oclif/')))
      .filter(
        (f) =>
          !/^packages\/(cli|all)\/|^packages\/contract\/src\/command\/|^plugins\/\w+\/src\/(commands\/|hooks\/|flags\.ts)/.test(
            f,
          ),
      );
    expect(wrong).toEqual([]);
  });

  test('relative imports point at files that are there', () => {
    const gone = sources
      .flatMap((file) =>
        imports(file)
          .filter((to) => to.startsWith('.'))
          .map((to) => join(root, dirname(file), to)),
      )
      .filter((path) => path.endsWith('.ts') && !existsSync(path));
    expect(gone).toEqual([]);
  });
});
