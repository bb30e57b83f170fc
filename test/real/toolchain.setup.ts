import type { TestProject } from 'vitest/node';

import { buildTools } from './toolchain/build.ts';
import type { Toolchain } from './toolchain/build.ts';
import { everyday, toolNames } from './toolchain/table.ts';
import { runsAll } from './tiers.ts';
import { leash } from './wire/leash.ts';

declare module 'vitest' {
  interface ProvidedContext {
    toolchain: Toolchain;
  }
}

/**
 * Gives the tests the real tools: `inject('toolchain')`, those of tier B only in a run of all. The first time this takes
 * long (README.md says how long).
 */
export default async (project: TestProject): Promise<void> => {
  const say = (line: string): void => void process.stderr.write(`toolchain: ${line}\n`);
  // A build runs for minutes in a process group of its own, and vitest does not wait for it when it is told to end.
  const held = leash();
  const tools = runsAll() ? toolNames : everyday;
  const { built, failed } = await buildTools(tools, { say, held }).finally(() => held.end());
  if (failed.length > 0)
    throw new Error(`the real tools could not be built: ${failed.map(({ tool }) => tool).join(', ')}`);
  project.provide('toolchain', built as Toolchain);
};
