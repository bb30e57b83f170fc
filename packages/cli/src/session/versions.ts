import type { Config } from '@oclif/core';
import type { Json } from '@coldstart/contract';
import { namesSet, system } from '../terminal/environment.ts';
import type { FoundTools } from './open.ts';

/** What ran, for whoever looks into a failure. Of the environment the names only: values may be secret. */
export function versionsOf(config: Config, tools: FoundTools): Json {
  return {
    coldstart: config.version,
    plugins: Object.fromEntries(
      [...config.plugins.values()]
        .map(({ name, version }) => [name, version])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    ),
    tools: Object.entries(tools).map(([name, found]) => ({
      name,
      path: found?.path ?? null,
      version: found?.version ?? null,
      digest: found?.digest ?? null,
      simulated: found?.simulated ?? false,
    })),
    ...system(),
    environment: namesSet(),
  };
}
