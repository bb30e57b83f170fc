import type { KubeAccess } from '../kubectl/access.ts';

/** A helm argv (helmfile's too: it takes the same two flags) that names its kubeconfig and context. */
export function helmArgv(access: KubeAccess, ...rest: string[]): string[] {
  return ['--kubeconfig', access.path, '--kube-context', access.context, ...rest];
}
