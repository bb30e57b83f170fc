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

/** The section `helmfile` of coldstart.yaml. `{cluster}` in a path is the cluster's name; `false` says that there is none. */
export const HelmfileSection = z.strictObject({
  crds: z
    .union([path, z.literal(false)])
    .optional()
    .describe('helmfile of the CRD charts (default: found under bootstrap/)'),
  apps: z
    .union([path, z.literal(false)])
    .optional()
    .describe('helmfile of the core releases (default: found under bootstrap/)'),
  secrets: z
    .union([z.array(path), z.literal(false)])
    .optional()
    .describe('op-inject templates (.tpl) or SOPS files (.sops.yaml) of Secrets'),
  namespaces: z
    .union([path, z.literal(false)])
    .optional()
    .describe('manifest of Namespaces'),
  kubeVersion: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'a version such as 1.36.3')
    .optional()
    .describe('Kubernetes version to render for (default: that of the Talos configuration)'),
  prepare: group({ deadline: duration('5m').describe('of rendering one chart') }),
  namespace: group({ every: duration('2s'), within: duration('60s') }),
  secret: group({
    deadline: duration('60s').describe('of reading all values of one template'),
    retries: z.number().int().min(0).max(20).default(2),
  }),
  crd: group({
    every: duration('2s'),
    within: duration('120s').describe('for every CRD to be established'),
    deadline: duration('2m').describe('of one apply'),
    retries: z.number().int().min(0).max(20).default(3),
  }),
  release: group({
    parallel: z.number().int().min(1).max(16).default(1).describe('releases at once, as far as `needs` allow'),
    every: duration('5s'),
    within: duration('10m').describe('for the pods of a release to be Ready'),
    stable: duration('0s').describe('how long they must stay so before the next release'),
    retries: z.number().int().min(0).max(20).default(2),
    first: duration('5s').describe('before the first retry'),
  }),
});
export type HelmfilePolicy = z.infer<typeof HelmfileSection>;

export const section: ConfigSection = {
  section: 'helmfile',
  jsonSchema: z.toJSONSchema(HelmfileSection, { io: 'input' }) as { [key: string]: Json },
  validate: (value) => {
    const parsed = HelmfileSection.safeParse(value ?? {});
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
