import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { must } from '../children.ts';

/** Where a publication goes: the tip of a branch, or a tag. */
export type Ref = { branch: string } | { tag: string };

export type Git = {
  /** The repository's address; `closed` wants credentials. It need not exist. */
  url: (name: string, door?: 'open' | 'closed') => string;
  /** What the closed door wants. */
  credentials: { username: string; password: string };
  /** The bare repository's folder, made where it is missing: for a push from a work tree. */
  bare: (name: string) => Promise<string>;
  /**
   * Publishes what lies in a folder as a commit on a branch (after what was there) or behind a tag; what its .gitignore
   * names is left out. The commit's id.
   */
  publish: (name: string, folder: string, ref: Ref) => Promise<string>;
};

const identity = {
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** Repositories in `dir`, which git-server.ts serves on this port. */
export const gitIn = async (dir: string, port: number): Promise<Git> => {
  await mkdir(dir, { recursive: true });
  const credentials = { username: 'flux', password: 'a-password-of-this-test' };
  await writeFile(join(dir, 'credentials'), `${credentials.username}:${credentials.password}\n`, { mode: 0o600 });
  const env = { PATH: '/usr/bin:/bin', HOME: dir, GIT_CONFIG_NOSYSTEM: '1', ...identity };
  const git = async (argv: string[], more: Record<string, string> = {}): Promise<string> =>
    (await must('git', argv, { cwd: dir, env: { ...env, ...more }, deadline: 60_000 })).stdout.trim();

  const bare = async (name: string): Promise<string> => {
    const path = join(dir, `${name}.git`);
    const there = await stat(path).then(
      () => true,
      () => false,
    );
    if (!there) {
      await mkdir(dirname(path), { recursive: true });
      await git(['init', '-q', '--bare', '-b', 'main', path]);
    }
    return path;
  };

  return {
    url: (name, door = 'open') => `http://127.0.0.1:${port}/${door}/${name}.git`,
    credentials,
    bare,
    publish: async (name, folder, ref) => {
      const path = await bare(name);
      const index = join(path, 'publishing');
      const on = { GIT_DIR: path, GIT_WORK_TREE: folder, GIT_INDEX_FILE: index };
      const target = 'branch' in ref ? `refs/heads/${ref.branch}` : `refs/tags/${ref.tag}`;
      const before = await git(['for-each-ref', '--format=%(objectname)', target], on);
      await git(['-C', folder, 'add', '-A', '.'], on);
      const tree = await git(['write-tree'], on);
      const parent = 'branch' in ref && before !== '' ? ['-p', before] : [];
      const commit = await git(['commit-tree', tree, ...parent, '-m', 'Published by a test'], on);
      await git(['update-ref', target, commit], on);
      await rm(index, { force: true });
      return commit;
    },
  };
};
