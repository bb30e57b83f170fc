import { z } from 'zod';
import { create } from '../procedures/create.ts';

/** The grammar of cluster names: they become file names, context names and arguments. */
export const CLUSTER_NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const Name = z.string().regex(CLUSTER_NAME, 'lower-case letters, digits and dashes, at most 63');
const Text = z.string().min(1).max(1024);

/** A duration such as `90s`, `7m`, `1h30m`. */
export const Duration = z.string().regex(/^(?=\d)(\d+h)?(\d+m)?(\d+s)?$/, 'a duration such as 90s, 7m or 1h30m');

export const KubernetesSection = z.strictObject({
  kubeconfig: Text.optional().describe(
    "path of the operators' kubeconfig; {cluster}, ~ and ${VARIABLES} are filled in",
  ),
  context: Text.optional().describe('name of the kubeconfig context; {cluster} is filled in'),
});

export const EvidenceSection = z.strictObject({
  dir: Text.optional().describe('folder for evidence files, relative to the root'),
  story: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots, dashes')
    .optional()
    .describe('name that evidence files begin with'),
});

export const SloSection = z.strictObject({
  total: Duration.optional().describe('from the first change to the handover criteria'),
  phases: z
    .partialRecord(
      z.enum(create.phases.map((phase) => phase.id)),
      z.union([Duration, z.strictObject({ base: Duration, perNode: Duration })]),
    )
    .optional()
    .describe('by phase: a duration, or { base, perNode } for base + perNode × nodes ÷ width'),
});

/**
 * A remote by name or by URL. No login stands in an https URL, since the file is committed and shown: credential helpers hold
 * it. Whatever else git takes for a remote (a folder of the repository, a program) is none of these.
 */
const REMOTE =
  /^(?:[A-Za-z0-9][A-Za-z0-9._-]*|ssh:\/\/(?:[\w.-]+@)?[\w.-]+(?::\d+)?\/[^\s:@]+|[\w.-]+@[\w.-]+:[^\s:@-][^\s:@]*|https:\/\/[\w.-]+(?::\d+)?\/[^\s:@]+|file:\/\/\/[^\s@%]+)$/;

export const LockSection = z.strictObject({
  git: z
    .string()
    .max(1024)
    .regex(REMOTE, 'the name of a remote such as origin, or its ssh, https or file URL without a password')
    .optional()
    .describe('the remote that keeps a lock in the ref refs/coldstart/lock/{cluster}, for machines that share it'),
});

/** Sections of the host's own, by name. Those of plugins come from their `ConfigSection`. */
export const hostSections = {
  kubernetes: KubernetesSection,
  evidence: EvidenceSection,
  lock: LockSection,
  slo: SloSection,
} as const;

/** What a cluster may say besides overriding sections. Each is short for a section's value. */
export const clusterShorthands = {
  kubeconfig: { as: ['kubernetes', 'kubeconfig'], schema: Text.describe("path of this cluster's kubeconfig") },
  context: { as: ['kubernetes', 'context'], schema: Text.describe('kubeconfig context of this cluster') },
} as const;

/** The file's frame: what stands in sections is checked one by one, so that each plugin says its own errors. */
export const Frame = z.looseObject({
  version: z.literal(1),
  clusters: z.record(Name, z.record(z.string(), z.unknown()).nullable()).optional(),
});
