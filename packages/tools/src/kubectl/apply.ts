import type { Action, Bytes, Ms } from '@coldstart/contract';
import { kubectlArgv, type KubeAccess } from './access.ts';

/** Under which name the API server remembers which fields are ours. */
export const FIELD_MANAGER = 'coldstart';

/** `kubectl apply --server-side` under a field manager's name; `source` is a file or `-`. */
export const applyArgv = (
  access: KubeAccess,
  { manager, force, source }: { manager: string; force: boolean; source: string },
): string[] =>
  kubectlArgv(
    access,
    'apply',
    '--server-side',
    ...(force ? ['--force-conflicts'] : []),
    `--field-manager=${manager}`,
    '-f',
    source,
  );

/**
 * An action that applies manifests server-side: from stdin by reference, or a file of the repository.
 *
 * `force` takes over fields that another manager holds. It is for what the operator's repository alone decides (Secrets
 * of a template, CRDs that Flux does not own); everything else leaves a conflict to a person.
 */
export function applyAction(
  access: KubeAccess,
  what: {
    id: string;
    why: string;
    target: string;
    from: { stdin: Bytes } | { file: string };
    force: boolean;
    guard: string[];
    deadline: Ms;
  },
): Action {
  const source = 'file' in what.from ? what.from.file : '-';
  return {
    id: what.id,
    why: what.why,
    target: what.target,
    risk: 'change',
    guard: what.guard,
    do: 'exec',
    tool: 'kubectl',
    argv: applyArgv(access, { manager: FIELD_MANAGER, force: what.force, source }),
    ...('stdin' in what.from && { stdin: what.from.stdin }),
    deadline: what.deadline,
    stop: { signal: 'SIGTERM', grace: 10_000, kill: true },
  };
}
