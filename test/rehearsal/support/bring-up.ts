import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Contribution, Facts, JournalRecord, Json, Plan, World } from '@coldstart/contract';
import {
  createRedactor,
  gather,
  makePlan,
  openRealWorld,
  run,
  surveyRepository,
  type Kit,
  type RunResult,
  type Selection,
} from '@coldstart/engine';
import { ciliumPlugin } from '@coldstart/plugin-cilium';
import { fluxPlugin } from '@coldstart/plugin-flux';
import { helmfilePlugin } from '@coldstart/plugin-helmfile';
import { openLab, type OpenLab } from '@coldstart/plugin-lab';
import { talos } from '@coldstart/plugin-talos';
import { create } from '../../../packages/cli/src/procedures/create.ts';
import { hostContribution } from '../../../packages/cli/src/session/host-contribution.ts';

export const EXAMPLE = join(import.meta.dirname, '../../../examples/k8s-ops');

export type Ground = {
  root: string;
  cluster: string;
  kit: Kit;
  facts: Facts;
  secrets: string[];
  plan: Plan;
  configuration: Record<string, Json>;
};
export type Told = {
  root?: string;
  cluster?: string;
  plugins?: Contribution[];
  config?: Record<string, Json>;
  selection?: Selection;
};

/** Surveys a repository as the host does, and plans its bring-up. */
export async function survey(told: Told = {}): Promise<Ground> {
  const { root = EXAMPLE, cluster = 'infra', plugins = [talos, helmfilePlugin, fluxPlugin, ciliumPlugin] } = told;
  const kit = gather([
    ...plugins,
    hostContribution({ root, home: '/home/op', env: () => undefined, flags: {} }, plugins),
  ]);
  const configuration: Record<string, Json> = {};
  for (const section of kit.configs) {
    const checked = section.validate(told.config?.[section.section]);
    if ('issues' in checked) throw new Error(JSON.stringify(checked.issues));
    configuration[section.section] = checked.value;
  }
  // The host's own section, which no plugin brings.
  if (told.config?.['lock'] !== undefined) configuration['lock'] = told.config['lock'];
  const files = await openRealWorld({ root, env: {}, tools: [] });
  try {
    const { facts, problems, assumed, read, secrets } = await surveyRepository(kit, {
      cluster,
      files,
      config: configuration,
    });
    if (problems.length > 0) throw new Error(`the repository has problems: ${JSON.stringify(problems)}`);
    const redactor = createRedactor();
    const inputs = await Promise.all(
      read.map(async (path) => ({
        path,
        digest: createHash('sha256')
          .update(redactor.maskFile((await files.read(path)) ?? new Uint8Array()))
          .digest('hex'),
      })),
    );
    const plan = makePlan(kit, create, {
      cluster,
      facts,
      inputs,
      tools: [],
      configuration,
      assumed,
      ...(told.selection && { selection: told.selection }),
    });
    return { root, cluster, kit, facts, secrets, plan, configuration };
  } finally {
    await files.close();
  }
}

export type BroughtUp = RunResult & { lab: OpenLab; records: JournalRecord[]; ground: Ground };

/** Opens a bare simulated world for a surveyed repository. */
export const bareWorld = (
  ground: Ground,
  options: { seed?: number; faults?: string[]; saved?: Uint8Array } = {},
): Promise<OpenLab> =>
  openLab({
    root: ground.root,
    cluster: ground.cluster,
    facts: ground.facts,
    env: { HOME: '/home/op' },
    seed: options.seed ?? 1,
    faults: options.faults ?? [],
    pace: null,
    disk: 'memory',
    ...(options.saved && { saved: options.saved }),
  });

/** Carries a plan out against a simulated world, in process. A run that is killed there never ends: see `lab.died`. */
export async function carryOut(
  ground: Ground,
  lab: OpenLab,
  at: {
    stop?: AbortSignal;
    selection?: Selection;
    stateDir?: string;
    consents?: Record<string, string>;
    on?: (record: JournalRecord) => void;
    /** The world with something before it, e.g. a disk that is full; the lab's own unless told. */
    world?: World;
  } = {},
): Promise<BroughtUp> {
  const redactor = createRedactor();
  for (const secret of ground.secrets) redactor.register(secret);
  const records: JournalRecord[] = [];
  const world = at.world ?? lab.world;
  const names = [...ground.kit.tools.keys()];
  const tools = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await world.tool(name)] as const)),
  );
  const result = await run({
    kit: ground.kit,
    procedure: create,
    plan: ground.plan,
    facts: ground.facts,
    world,
    redactor,
    stateDir: at.stateDir ?? `.coldstart/${ground.cluster}`,
    evidenceDir: '.coldstart/evidence',
    version: '0.0.0-test',
    story: 'TEST',
    slo: { total: 1_200_000, phases: {} },
    tools,
    selection: at.selection ?? {},
    ...(at.consents && { consents: at.consents }),
    rehearsal: { seed: 1, faults: [] },
    stop: at.stop ?? new AbortController().signal,
    command: `coldstart cluster create ${ground.cluster}`,
    on: (record) => {
      records.push(record);
      at.on?.(record);
    },
  });
  return { ...result, lab, records, ground };
}

/** A whole bring-up of the example from bare nodes. */
export async function bringUp(
  options: Told & { seed?: number; faults?: string[]; saved?: Uint8Array } = {},
): Promise<BroughtUp> {
  const ground = await survey(options);
  return carryOut(ground, await bareWorld(ground, options));
}

/** What the world received that changed it or could have: the lab's own log. */
export const changesReceived = (lab: OpenLab): number => lab.received().reduce((sum, r) => sum + r.changes, 0);

export const endsOf = (records: readonly JournalRecord[]): Extract<JournalRecord, { type: 'item-end' }>[] =>
  records.filter((r) => r.type === 'item-end') as Extract<JournalRecord, { type: 'item-end' }>[];
