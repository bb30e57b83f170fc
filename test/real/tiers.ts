/** The files of tier B: they, or what they need, take too long for every change. */
export const tierB = [
  // The same repository and control plane by helmfile and kubectl alone: coldstart itself brings it up in tier A.
  'helmfile.test.ts',
  'flux.test.ts',
  'flux-example.test.ts',
  'parity-flux.test.ts',
  'whole-way-faults.test.ts',
  'whole-way-gitops.test.ts',
  'whole-way-kills.test.ts',
  'wire-older.test.ts',
  'wire-steps.test.ts',
];

/** Whether this run is one of both tiers: `COLDSTART_TEST_REAL=all npm run test:real`. */
export const runsAll = (env: NodeJS.ProcessEnv = process.env): boolean => env['COLDSTART_TEST_REAL'] === 'all';
