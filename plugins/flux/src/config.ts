import { configSection, duration, group, pathInside } from '@coldstart/contract/schema';
import { z } from 'zod';

/** The section `flux` of coldstart.yaml. `{cluster}` in a path is the cluster's name. */
export const FluxSection = z.strictObject({
  manifest: pathInside
    .optional()
    .describe('manifest with the GitRepository and the first Kustomization, or the FluxInstance (default: found)'),
  deployKey: z
    .union([pathInside, z.literal(false)])
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
  remoteHead: group({
    deadline: duration('30s').describe('of asking the remote where the branch stands'),
    required: z
      .boolean()
      .default(false)
      .describe('end the run where the branch cannot be seen from here (default: go on, and record it)'),
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

export const section = configSection('flux', FluxSection);
