import { basename, resolve } from 'node:path';
import type { Config } from '@oclif/core';
import { BRAND, EXIT, type Facts, type Lab, type LabFactory, Problem, type World } from '@coldstart/contract';
import { installLine } from '../plugins/missing.ts';
import { environment, homeFolder } from '../terminal/environment.ts';
import { type Flags, paceOf, text } from './flags.ts';
import { readWhole, writeWhole } from './disk.ts';

const HOOK = 'coldstart:lab';
const LAB = '@coldstart/plugin-lab';
const MAX_WORLD = 256 * 1024 * 1024;

export type Rehearsal = {
  lab: Lab;
  seed: number;
  faults: string[];
  /** `.coldstart/rehearsals/<id>`, relative to the root: all that a rehearsal leaves on disk. */
  dir: string;
  /** Keeps the world in the file of `--world`, where there is one. */
  save(): Promise<void>;
};

/**
 * Opens the simulated world for what the surveys learned. With `--world FILE` it is the one that an earlier rehearsal left
 * there, and journals stay together, so that a second run finds what the first one did.
 */
export async function openRehearsal(
  config: Config,
  at: { root: string; cluster: string; flags: Flags; facts: Facts; real: World },
): Promise<Rehearsal> {
  const { flags, real } = at;
  const factory = await labFactory(config);
  const told = text(flags, 'world');
  const file = told === undefined ? undefined : resolve(process.cwd(), told);
  const saved = file === undefined ? undefined : await readWhole(file, MAX_WORLD);
  const seed = typeof flags['seed'] === 'number' ? flags['seed'] : 1;
  const faults = Array.isArray(flags['fault']) ? flags['fault'].map(String) : [];
  const lab = await factory.open({
    root: at.root,
    cluster: at.cluster,
    facts: at.facts,
    env: { ...environment, HOME: homeFolder() },
    seed,
    faults,
    ...(saved && { saved }),
    wall: real.now(),
    pace: paceOf(flags),
    disk: 'real',
  });
  const id =
    file === undefined
      ? `${real.now().replaceAll(/[-:]|\.\d+/g, '')}-${real.host().pid}`
      : basename(file).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  return {
    lab,
    seed,
    faults,
    dir: `.coldstart/rehearsals/${at.cluster}-${id}`,
    save: async () => {
      if (file !== undefined) await writeWhole(file, lab.save());
    },
  };
}

async function labFactory(config: Config): Promise<LabFactory> {
  const { successes, failures } = await config.runHook(HOOK as never, {} as never);
  const failure = failures[0];
  if (failure) {
    throw new Problem(`the plugin ${failure.plugin.name} failed: ${failure.error.message}`, {
      exit: EXIT.usage,
      remedy: `install it again: ${installLine(failure.plugin.name)}`,
      cause: failure.error,
    });
  }
  const factories = (successes as { plugin: { name: string }; result: unknown }[]).filter(
    ({ result }) => result !== undefined,
  );
  const first = factories[0];
  if (!first)
    throw new Problem(`--rehearse needs ${LAB}, which is not installed`, {
      exit: EXIT.usage,
      remedy: installLine(LAB),
    });
  const factory = first.result as Partial<LabFactory>;
  if (factories.length > 1 || factory[BRAND] !== 1 || typeof factory.open !== 'function') {
    throw new Problem(`the plugin ${first.plugin.name} gives no lab of this contract`, {
      exit: EXIT.usage,
      remedy: installLine(LAB),
    });
  }
  return factory as LabFactory;
}
