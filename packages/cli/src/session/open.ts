import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Config } from '@oclif/core';
import {
  EXIT,
  type Facts,
  type FoundTool,
  type Input,
  type Plan,
  Problem,
  type Procedure,
  type World,
} from '@coldstart/contract';
import {
  createRedactor,
  gather,
  type Kit,
  makePlan,
  openRealWorld,
  type Redactor,
  type Repository,
  type Selection,
  surveyRepository,
} from '@coldstart/engine';
import { type Configuration, findingsProblem, readConfiguration } from '../config/read.ts';
import { collect } from '../hooks/collect.ts';
import { redactOutput } from '../terminal/output.ts';
import { checkCluster, findClusters } from '../survey/clusters.ts';
import { environment, homeFolder, variable } from '../terminal/environment.ts';
import { bundleFile } from './bundle-file.ts';
import { checkHeeded, checkItems, type Flags, isOn, text } from './flags.ts';
import { hostContribution } from './host-contribution.ts';
import { openRehearsal, type Rehearsal } from './rehearsal.ts';
import { findRoot } from './root.ts';

/** Where coldstart keeps its state, relative to the root. */
export const STATE = '.coldstart';

/** Everything that a command about one cluster needs: the plugins, what the repository tells, and the world to act on. */
export type Session = {
  root: string;
  cluster: string;
  flags: Flags;
  kit: Kit;
  configuration: Configuration;
  repository: Repository;
  redactor: Redactor;
  /** The world that is looked at and changed: the real one, or a simulated one. */
  world: World;
  real: World;
  /** Where journal, lock and evidence go, relative to the root. */
  stateDir: string;
  evidenceDir: string;
  rehearsal: Rehearsal | null;
  close(): Promise<void>;
};

/**
 * Opens a session: finds the repository, gathers the plugins, reads configuration, surveys the repository offline, and opens
 * the world. Nothing is changed.
 *
 * @throws Problem (exit 2) for what is wrong with the command line, the plugins, the configuration or the repository
 */
export async function openSession(
  config: Config,
  ask: { cluster: string; flags: Flags; stop: AbortSignal },
): Promise<Session> {
  const { flags } = ask;
  const root = await findRoot(text(flags, 'root'), process.cwd());
  const cluster = ask.cluster || (variable('CLUSTER') ?? '');
  const redactor = createRedactor();
  redactOutput((shown) => redactor.text(shown));

  const brought = await collect(config);
  const kubeconfig = {
    root,
    home: homeFolder(),
    env: variable,
    flags: { kubeconfig: text(flags, 'kubeconfig'), context: text(flags, 'context') },
  };
  const kit = gather([...brought, hostContribution(kubeconfig, brought)]);
  checkHeeded(flags, kit);

  const { configuration, repository } = await readRepository(kit, { root, cluster, flags });
  for (const secret of repository.secrets) redactor.register(secret);
  if (repository.problems.length > 0) {
    throw findingsProblem(`the repository is not fit for ${cluster}`, repository.problems, 'mend the files above');
  }

  const bundle = bundleFile(flags);
  const real = await openRealWorld({
    root,
    env: environment,
    tools: [...kit.tools.values()],
    writable: [
      kubeconfigFolder(repository.facts),
      configuration.evidence.dir,
      ...(bundle === undefined ? [] : [dirname(bundle)]),
    ],
    stop: ask.stop,
  });
  try {
    const rehearsal = isOn(flags, 'rehearse')
      ? await openRehearsal(config, { root, cluster, flags, facts: repository.facts, real })
      : null;
    return {
      root,
      cluster,
      flags,
      kit,
      configuration,
      repository,
      redactor,
      world: rehearsal?.lab.world ?? real,
      real,
      stateDir: rehearsal?.dir ?? `${STATE}/${cluster}`,
      evidenceDir: rehearsal ? `${rehearsal.dir}/evidence` : configuration.evidence.dir,
      rehearsal,
      close: async () => {
        await rehearsal?.lab.close();
        await real.close();
      },
    };
  } catch (error) {
    await real.close();
    throw error;
  }
}

/** Configuration and surveys, by the files of the repository alone: no tool is there to be run. */
async function readRepository(
  kit: Kit,
  at: { root: string; cluster: string; flags: Flags },
): Promise<{ configuration: Configuration; repository: Repository }> {
  const { cluster, flags } = at;
  const files = await openRealWorld({ root: at.root, env: environment, tools: [] });
  try {
    const origin = { flags, env: variable };
    const configuration = await readConfiguration(files, {
      cluster,
      told: text(flags, 'config'),
      plugins: kit.configs,
      origin,
    });
    checkCluster(cluster, [...new Set([...configuration.clusters, ...(await findClusters(files))])].sort());
    const repository = await surveyRepository(kit, { cluster, files, config: configuration.sections });
    return { configuration, repository };
  } finally {
    await files.close();
  }
}

/** The operators' kubeconfig may lie wherever they say; its folder is one that a run may write to. */
function kubeconfigFolder(facts: Facts): string {
  const { path } = facts['kubernetes/kubeconfig'] as { path: string };
  return dirname(path);
}

/** Opens a session, works in it, and closes it whatever comes. */
export async function inSession<T>(
  config: Config,
  ask: Parameters<typeof openSession>[1],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(config, ask);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export type FoundTools = Record<string, FoundTool | undefined>;

/** Every declared tool, as the session's world finds it. */
export async function findTools({ kit, world }: Session): Promise<FoundTools> {
  const entries = [...kit.tools.keys()].sort().map(async (name) => [name, await world.tool(name)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Makes the plan of a procedure, or of a part of it, from what the session knows. */
export async function planFor(
  session: Session,
  procedure: Procedure,
  tools: FoundTools,
  selection: Selection,
): Promise<Plan> {
  const { kit, cluster, repository, configuration } = session;
  checkItems(kit, selection, repository.facts);
  return makePlan(kit, procedure, {
    cluster,
    facts: repository.facts,
    inputs: await digestInputs(session),
    tools: Object.entries(tools).map(([name, found]) => ({ name, version: found?.version ?? null })),
    configuration: configuration.sections,
    assumed: repository.assumed,
    selection,
  });
}

/** Digests of the files that were read, of their redacted bytes: a digest of a weak secret would give it away. */
async function digestInputs({ repository, world, redactor }: Session): Promise<Input[]> {
  return Promise.all(
    repository.read.map(async (path) => {
      const bytes = await world.read(path, 16 * 1024 * 1024);
      if (!bytes) throw new Problem(`${path} was read, and is gone now`, { exit: EXIT.usage, remedy: 'run it again' });
      return { path, digest: createHash('sha256').update(redactor.maskFile(bytes)).digest('hex') };
    }),
  );
}
