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

/** The section `cilium` of coldstart.yaml. `{cluster}` in a path is the cluster's name. */
export const CiliumSection = z.strictObject({
  values: path.optional().describe("Cilium's values: a values file, or the HelmRelease (default: found)"),
  vars: path
    .optional()
    .describe('ConfigMap whose values Flux puts in for ${NAMES} (default: the one named cluster-vars)'),
  namespace: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/, 'a namespace')
    .default('kube-system')
    .describe('where Cilium runs'),
  release: z
    .string()
    .regex(/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/, 'a release name')
    .default('cilium'),
  status: group({
    every: duration('5s'),
    within: duration('5m').describe('for Cilium to report success'),
    wait: duration('20s').describe('how long one `cilium status --wait` waits'),
  }),
});
export type CiliumPolicy = z.infer<typeof CiliumSection>;

export const section: ConfigSection = {
  section: 'cilium',
  jsonSchema: z.toJSONSchema(CiliumSection, { io: 'input' }) as { [key: string]: Json },
  validate: (value) => {
    const parsed = CiliumSection.safeParse(value ?? {});
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
