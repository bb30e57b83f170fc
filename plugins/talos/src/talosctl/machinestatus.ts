import { flagOf, parseResources, textOf } from './documents.ts';

/** `unknown, booting, installing, maintenance, running, rebooting, shutting down, resetting, upgrading` */
export type MachineStatus = {
  stage: string;
  ready: boolean;
  unmet: { name: string; reason: string }[];
};

/** Reads `get machinestatus -o json` of one node. Throws SyntaxError where it holds no such status. */
export function parseMachineStatus(stdout: string): MachineStatus {
  const [resource, ...more] = parseResources(stdout);
  const stage = textOf(resource?.spec['stage']);
  if (!resource || stage === null || more.length > 0) throw new SyntaxError('not one machine status');
  const status = (resource.spec['status'] ?? {}) as { ready?: unknown; unmetConditions?: unknown };
  const unmet = Array.isArray(status.unmetConditions) ? (status.unmetConditions as Record<string, unknown>[]) : [];
  return {
    stage,
    ready: flagOf(status.ready) ?? false,
    unmet: unmet.map((condition) => ({
      name: textOf(condition['name']) ?? '',
      reason: textOf(condition['reason']) ?? '',
    })),
  };
}
