// Writes oclif.manifest.json of the host and of every plugin that has commands or hooks, so that oclif need not import each command to
// know its flags. Run after the build: a manifest is made from what is in dist/.
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Plugin, settings } from '@oclif/core';

settings.enableAutoTranspile = false;
const workspace = join(import.meta.dirname, '..');
const packages = globSync('{packages,plugins}/*/package.json', { cwd: workspace })
  .map((file) => join(workspace, dirname(file)))
  .filter((folder) => 'oclif' in (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object))
  .sort();

for (const root of packages) {
  const file = join(root, 'oclif.manifest.json');
  // A plugin without built commands would get an empty manifest, which hides them once they are there.
  if (existsSync(join(root, 'src/commands')) && !existsSync(join(root, 'dist/commands'))) {
    rmSync(file, { force: true });
    throw new Error(`${root} has commands and is not built: run npm run build`);
  }
  const plugin = new Plugin({
    root,
    type: 'core',
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(plugin.manifest, null, 2)}\n`);
  renameSync(temporary, file);
}
