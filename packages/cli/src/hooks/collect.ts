import { BRAND, type Contribution, EXIT, Problem } from '@coldstart/contract';
import type { Config } from '@oclif/core';

const HOOK = 'coldstart:contribute';
const PARTS = {
  surveys: 'array',
  steps: 'array',
  guards: 'array',
  tools: 'array',
  witnesses: 'array',
  locks: 'array',
  transforms: 'record',
  merges: 'record',
} as const;

/**
 * Asks every plugin for its contribution: fails on a plugin that fails, sorts by plugin, and refuses what is not branded for
 * this contract or not shaped like it. `config.runHook` by itself runs side by side, in order of completion, and keeps errors
 * to itself. Names that two plugins bring are the engine's to refuse (`gather`).
 */
export async function collect(config: Config): Promise<Contribution[]> {
  const { successes, failures } = await config.runHook(HOOK as never, {} as never);
  const failure = failures[0];
  if (failure) {
    throw new Problem(`the plugin ${failure.plugin.name} ${failure.plugin.version} failed: ${failure.error.message}`, {
      exit: EXIT.usage,
      remedy: `install it again (npm install ${failure.plugin.name}), or remove it`,
      cause: failure.error,
    });
  }
  const contributions = (successes as { plugin: { name: string }; result: unknown }[])
    .map(({ plugin, result }) => checked(plugin.name, result))
    .sort((a, b) => (a.plugin < b.plugin ? -1 : 1));
  const twice = contributions.find((c, index) => contributions[index + 1]?.plugin === c.plugin);
  if (twice) throw malformed(twice.plugin, 'contributes twice');
  return contributions;
}

function checked(plugin: string, result: unknown): Contribution {
  if (typeof result !== 'object' || result === null) throw malformed(plugin, 'contributes nothing');
  // Parts that the contract got after its first publication may be missing from an older copy's.
  const given: Record<string | symbol, unknown> = { witnesses: [], locks: [], ...result };
  if (given[BRAND] !== 1) throw malformed(plugin, 'was written for another version of the contract');
  if (typeof given['plugin'] !== 'string') throw malformed(plugin, 'does not say its name');
  for (const [part, kind] of Object.entries(PARTS)) {
    const value = given[part];
    const fits =
      kind === 'array' ? Array.isArray(value) : typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!fits) throw malformed(plugin, `has no ${kind === 'array' ? 'list' : 'mapping'} of ${part}`);
  }
  return given as unknown as Contribution;
}

function malformed(plugin: string, what: string): Problem {
  return new Problem(`the plugin ${plugin} ${what}`, {
    exit: EXIT.usage,
    remedy: `install a version that fits this host: npm install ${plugin}`,
  });
}
