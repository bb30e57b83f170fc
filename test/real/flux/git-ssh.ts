import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { must } from '../children.ts';
import type { Supervisor } from '../controlplane/supervised.ts';
import { untilOpen } from './wait.ts';

/** A key pair as ssh-keygen makes it: the path and the text of the private half, and the public half. */
export type Key = { path: string; identity: string; publicKey: string };

/** The ssh door of a Git host: whoever shows a key that is let in may read. */
export type GitOverSsh = {
  url: (name: string) => string;
  /** A known_hosts with this server's own key, or with another one in its place. */
  knownHosts: (publicKey?: string) => string;
  /** Makes a key; with a passphrase where one is told. */
  makeKey: (name: string, passphrase?: string) => Promise<Key>;
  /** Whom it lets in from now on: nobody before the first call. */
  letsIn: (...keys: Key[]) => Promise<void>;
};

/** Starts toolchain/git-ssh over bare repositories, under a supervisor. `dir` is made for its keys. */
export const startGitOverSsh = async ({
  supervisor,
  file,
  dir,
  repositories,
  port,
  within,
  log,
}: {
  supervisor: Supervisor;
  file: string;
  dir: string;
  repositories: string;
  port: number;
  within: number;
  log: string;
}): Promise<GitOverSsh> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const makeKey = async (name: string, passphrase = ''): Promise<Key> => {
    const path = join(dir, name);
    const argv = ['-q', '-t', 'ed25519', '-N', passphrase, '-C', name, '-f', path];
    await must('ssh-keygen', argv, { env: { PATH: '/usr/bin:/bin' }, deadline: 10_000 });
    return { path, identity: await readFile(path, 'utf8'), publicKey: await readFile(`${path}.pub`, 'utf8') };
  };
  const host = await makeKey('host_key');
  const argv = [dir, repositories, String(port), String(within)];
  await supervisor.start({ name: 'git-ssh', file, argv, env: { PATH: '/usr/bin:/bin' }, log });
  await untilOpen(supervisor, 'git-ssh', port, log);
  return {
    url: (name) => `ssh://git@127.0.0.1:${port}/${name}.git`,
    knownHosts: (publicKey = host.publicKey) =>
      `[127.0.0.1]:${port} ${publicKey.split(' ').slice(0, 2).join(' ').trim()}\n`,
    makeKey,
    letsIn: (...keys) =>
      writeFile(join(dir, 'authorized_keys'), keys.map(({ publicKey }) => publicKey).join(''), { mode: 0o600 }),
  };
};
