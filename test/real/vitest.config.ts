import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['**/*.test.ts'],
    // Builds what is missing of the real tools; where that fails the run fails, it is never a skip.
    globalSetup: ['./toolchain.setup.ts'],
    // One control plane at a time takes half a gigabyte and two cores.
    fileParallelism: false,
    disableConsoleIntercept: true,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
