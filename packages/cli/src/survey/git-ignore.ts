import { dirname, join, relative, sep } from 'node:path';
import type { Files } from '@coldstart/contract';
import ignore from 'ignore';

/** The top of the Git work tree that a path lies in: the nearest folder upwards that holds `.git` (a folder, or a file in a linked work tree). */
export async function workTreeOf(path: string, files: Files): Promise<string | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (await files.stat(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Whether Git ignores a file of a work tree, by the `.gitignore` files from its top down to the file's folder and
 * `.git/info/exclude`. A person's own global excludes are not looked at: another clone does not have them.
 *
 * @param path relative to the top of the tree
 * @returns the verdict, and the files that were read (absolute)
 */
export async function isIgnoredByGit(
  tree: string,
  path: string,
  files: Files,
): Promise<{ ignored: boolean; read: string[] }> {
  const read: string[] = [];
  const rules = async (file: string): Promise<string | undefined> => {
    const bytes = await files.read(file, 1024 * 1024).catch(() => undefined);
    if (bytes) read.push(file);
    return bytes && new TextDecoder().decode(bytes);
  };
  // Lowest precedence first. A deeper file wins over those above it, also when it takes a pattern back.
  const exclude = await rules(join(tree, '.git', 'info', 'exclude'));
  const folders = foldersTo(path);
  const sources = [{ base: '', text: exclude }];
  for (const base of folders) sources.push({ base, text: await rules(join(tree, base, '.gitignore')) });

  // Git does not look into an ignored folder: what stands below it cannot be taken back.
  for (const target of [...folders.slice(1).map((folder) => `${folder}/`), path]) {
    if (verdict(sources, target)) return { ignored: true, read };
  }
  return { ignored: false, read };
}

function verdict(sources: readonly { base: string; text: string | undefined }[], target: string): boolean {
  let ignored = false;
  for (const { base, text } of sources) {
    if (text === undefined || (base !== '' && !target.startsWith(`${base}/`)) || target === `${base}/`) continue;
    const result = ignore({ ignorecase: false })
      .add(text)
      .test(base === '' ? target : target.slice(base.length + 1));
    if (result.ignored) ignored = true;
    else if (result.unignored) ignored = false;
  }
  return ignored;
}

/** `a/b/c` → ``, `a`, `a/b`. */
function foldersTo(path: string): string[] {
  const parts = relative('', path).split(sep).slice(0, -1);
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}
