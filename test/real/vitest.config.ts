import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { configDefaults, defineConfig } from 'vitest/config';

import { runsAll, tierB } from './tiers.ts';

// A file for a report in JSON beside what is printed; relative to where the command was given, not to this folder.
const named = process.env['COLDSTART_TEST_REPORT'];
const report = named && resolve(named);

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['**/*.test.ts', '../examples/real.test.ts'],
    exclude: [...configDefaults.exclude, ...(runsAll() ? [] : tierB)],
    // Builds what is missing of the real tools; where that fails the run fails, it is never a skip.
    globalSetup: ['./toolchain.setup.ts'],
    // One control plane at a time takes half a gigabyte and two cores: two at once miss deadlines where processors are scarce.
    fileParallelism: false,
    disableConsoleIntercept: true,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    testTimeout: 300_000,
    hookTimeout: 400_000,
  },
});
