// Packs every package as npm would publish it, and holds the tarball against publint and attw (exports, types, files).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = join(import.meta.dirname, '..');
const folders = ['packages', 'plugins'].flatMap((d) => readdirSync(join(root, d)).map((p) => join(d, p)));
/** attw cannot look into wildcard subpaths; here they are JSON files only. */
const wildcards = (exports: object): string[] => {
  const names = Object.keys(exports).filter((name) => name.includes('*'));
  return names.length > 0 ? ['--exclude-entrypoints', ...names.map((name) => name.slice(2))] : [];
};
const out = mkdtempSync(join(tmpdir(), 'coldstart-packages-'));
let wrong = 0;

try {
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--workspaces', '--pack-destination', out], { cwd: root, encoding: 'utf8' }),
  ) as { name: string; filename: string }[];
  for (const folder of folders) {
    const pkgDir = join(root, folder);
    const pkg = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8')) as { name: string; exports?: object };
    const { messages } = await publint({ pkgDir, strict: true });
    for (const message of messages) console.error(`${pkg.name}: ${formatMessage(message, pkg as never)}`);
    wrong += messages.filter((m) => m.type !== 'suggestion').length;
    const { filename = '' } = packed.find(({ name }) => name === pkg.name) ?? {};
    const tarball = join(out, filename);
    if (pkg.exports && '.' in pkg.exports)
      try {
        execFileSync(
          join(root, 'node_modules/.bin/attw'),
          [tarball, '--profile', 'esm-only', '--format', 'ascii', ...wildcards(pkg.exports)],
          {
            encoding: 'utf8',
            stdio: 'pipe',
          },
        );
      } catch (error) {
        wrong += 1;
        console.error(`${pkg.name}: ${(error as { stdout?: string }).stdout ?? String(error)}`);
      }
    console.log(`${pkg.name}: ${filename}`);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
if (wrong > 0) {
  console.error(`${wrong} wrong`);
  process.exitCode = 1;
}
