import type { ConfigSection, Json } from '@coldstart/contract';
import { DURATION, milliseconds } from '@coldstart/tools';
import { z } from 'zod';

/** Milliseconds, or a number with its unit; milliseconds come out. */
const duration = (fallback: string) =>
  z
    .union([z.number().int().nonnegative(), z.string().regex(DURATION, 'a number with its unit: 250ms, 5s, 10m, 1h')])
    .default(fallback)
    .transform(milliseconds);
const group = <S extends z.ZodRawShape>(shape: S) => z.strictObject(shape).prefault({} as never);
const path = z
  .string()
  .min(1)
  .regex(/^(?![-/])(?!.*(?:^|\/)\.\.(?:\/|$))/, 'a path inside the repository');

/** The section `flux` of coldstart.yaml. `{cluster}` in a path is the cluster's name. */
export const FluxSection = z.strictObject({
  manifest: path
    .optional()
    .describe('manifest with the GitRepository and the first Kustomization, or the FluxInstance (default: found)'),
  deployKey: z
    .union([path, z.literal(false)])
    .optional()
    .describe('op-inject template of the Secret that the GitRepository names (false: it comes by other means)'),
  namespace: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/, 'a namespace')
    .default('flux-system')
    .describe("where Flux' controllers run"),
  controllers: z
    .array(z.string().regex(/^[a-z0-9-]+$/, 'the name of a Deployment'))
    .default(['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'])
    .describe('controllers that must be healthy'),
  tryKey: group({
    deadline: duration('30s').describe('of asking the Git server for the branch with the deploy key'),
    retries: z.number().int().min(0).max(20).default(3),
  }),
  source: group({
    every: duration('5s'),
    within: duration('300s').describe('for GitRepository and first Kustomization to be Ready'),
  }),
  check: group({ every: duration('5s'), within: duration('120s').describe('for the controllers to be healthy') }),
  reconciled: group({
    every: duration('10s'),
    within: duration('10m').describe('for all sources and Kustomizations to be Ready'),
  }),
});
export type FluxPolicy = z.infer<typeof FluxSection>;

export const section: ConfigSection = {
  section: 'flux',
  jsonSchema: z.toJSONSchema(FluxSection, { io: 'input' }) as { [key: string]: Json },
  validate: (value) => {
    const parsed = FluxSection.safeParse(value ?? {});
    if (parsed.success) return { value: parsed.data as Json };
    return {
      issues: parsed.error.issues.map((issue) => ({
        path: issue.path.map((p) => (typeof p === 'symbol' ? String(p) : p)),
        found: 'input' in issue && issue.input !== undefined ? JSON.stringify(issue.input) : 'another value',
        expected: issue.message,
      })),
    };
  },
};
