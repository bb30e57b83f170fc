import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startSupervisor } from '../controlplane/supervised.ts';
import type { Supervisor } from '../controlplane/supervised.ts';
import type { Toolchain } from '../toolchain/build.ts';
import { startRegistry } from './charts.ts';
import type { Charts } from './charts.ts';
import { startGitOverSsh } from './git-ssh.ts';
import type { GitOverSsh } from './git-ssh.ts';
import { gitIn } from './git.ts';
import type { Git } from './git.ts';
import { untilAnswers } from './wait.ts';

/** What Flux reads and what is not in the cluster: a Git server (http and ssh) and a registry of charts, all on 127.0.0.1. */
export type Sources = {
  git: Git;
  /** The same repositories by ssh, for deploy keys. */
  ssh: GitOverSsh;
  charts: Charts;
  /** Runs them, and Flux' controllers too: all of it ends with the process that started it. */
  supervisor: Supervisor;
  /** Ports of this run for what runs beside them. */
  ports: { sourceHealth: number; storage: number; kustomizeHealth: number; helmHealth: number };
  /** Where the log of a process that the supervisor runs lies. */
  logOf: (name: string) => string;
  /** Ends everything and waits for it. Again is fine. */
  stop: () => Promise<void>;
};

export type SourcesOptions = {
  toolchain: Pick<Toolchain, 'crane' | 'git-ssh' | 'helm'>;
  /** An existing folder for repositories, charts and logs. */
  dir: string;
  /** Milliseconds after which everything ends by itself. */
  within?: number;
};

/** Starts the Git server and the registry, and waits until both answer. */
export const startSources = async ({ toolchain, dir, within = 60 * 60_000 }: SourcesOptions): Promise<Sources> => {
  await mkdir(join(dir, 'logs'), { recursive: true });
  const supervisor = await startSupervisor(within);
  const [
    gitPort = 0,
    registryPort = 0,
    sshPort = 0,
    sourceHealth = 0,
    storage = 0,
    kustomizeHealth = 0,
    helmHealth = 0,
  ] = supervisor.ports;
  const logOf = (name: string): string => join(dir, 'logs', `${name}.log`);
  try {
    const git = await gitIn(join(dir, 'git'), gitPort);
    const gitServer = fileURLToPath(new URL('git-server.ts', import.meta.url));
    await supervisor.start({
      name: 'git-server',
      file: process.execPath,
      argv: [gitServer, join(dir, 'git'), String(gitPort), String(within)],
      env: {},
      log: logOf('git-server'),
    });
    const address = `127.0.0.1:${registryPort}`;
    const charts = await startRegistry({ supervisor, toolchain, address, dir, log: logOf('registry') });
    const ssh = await startGitOverSsh({
      supervisor,
      file: toolchain['git-ssh'].path,
      dir: join(dir, 'ssh'),
      repositories: join(dir, 'git'),
      port: sshPort,
      within,
      log: logOf('git-ssh'),
    });
    await untilAnswers(supervisor, 'git-server', `http://127.0.0.1:${gitPort}/`, logOf('git-server'));
    return {
      git,
      ssh,
      charts,
      supervisor,
      ports: { sourceHealth, storage, kustomizeHealth, helmHealth },
      logOf,
      stop: () => supervisor.end(),
    };
  } catch (error) {
    await supervisor.end();
    throw error;
  }
};
