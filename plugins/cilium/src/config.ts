import { configSection, duration, group, pathInside } from '@coldstart/contract/schema';
import { z } from 'zod';

/** The section `cilium` of coldstart.yaml. `{cluster}` in a path is the cluster's name. */
export const CiliumSection = z.strictObject({
  values: pathInside.optional().describe("Cilium's values: a values file, or the HelmRelease (default: found)"),
  vars: pathInside
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

export const section = configSection('cilium', CiliumSection);
