import { configSection, duration, group, pathInside } from '@coldstart/contract/schema';
import { z } from 'zod';

/** The section `helmfile` of coldstart.yaml. `{cluster}` in a path is the cluster's name; `false` says that there is none. */
export const HelmfileSection = z.strictObject({
  crds: z
    .union([pathInside, z.literal(false)])
    .optional()
    .describe('helmfile of the CRD charts (default: found under bootstrap/)'),
  apps: z
    .union([pathInside, z.literal(false)])
    .optional()
    .describe('helmfile of the core releases (default: found under bootstrap/)'),
  secrets: z
    .union([z.array(pathInside), z.literal(false)])
    .optional()
    .describe('op-inject templates (.tpl) or SOPS files (.sops.yaml) of Secrets'),
  namespaces: z
    .union([pathInside, z.literal(false)])
    .optional()
    .describe('manifest of Namespaces'),
  kubeVersion: z
    .string()
    .regex(/^\d+\.\d+\.\d+$/, 'a version such as 1.36.3')
    .optional()
    .describe('Kubernetes version to render for (default: that of the Talos configuration)'),
  chart: group({
    ask: z.boolean().default(true).describe('whether every chart is asked for before anything is changed'),
    deadline: duration('60s').describe('of asking for one'),
    every: duration('5s').describe('between two looks at a registry that does not answer'),
    within: duration('20s').describe('how long it is looked again'),
  }),
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

export const section = configSection('helmfile', HelmfileSection);
