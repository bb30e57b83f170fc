import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'plugins/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/real/**', 'test/examples/real.test.ts', '**/node_modules/**'],
    // One less is the default, and that is one where there are two processors.
    maxWorkers: '100%',
    // No test file leaves anything behind in its process: they share one, and what it has loaded.
    isolate: false,
    disableConsoleIntercept: true,
    // For what hangs. A slow test fails nothing: a machine may lend its processors to others for minutes.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: process.env['COLDSTART_TEST_REPORT']
      ? ['default', ['json', { outputFile: process.env['COLDSTART_TEST_REPORT'] }]]
      : ['default'],
  },
});
