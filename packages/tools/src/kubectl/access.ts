/** The fact `kubernetes/kubeconfig`: the operators' file, and the context in it that is this cluster. */
export type KubeAccess = { path: string; context: string };

/**
 * A kubectl argv that names its file and context, so that no current-context is ever read.
 * flux takes the same two flags.
 */
export function kubectlArgv(access: KubeAccess, ...rest: string[]): string[] {
  return ['--kubeconfig', access.path, '--context', access.context, ...rest];
}

/** Reads the fact; throws where it is not what its contract says. */
export function accessOf(fact: unknown): KubeAccess {
  const { path, context } = (fact ?? {}) as Partial<KubeAccess>;
  if (typeof path !== 'string' || typeof context !== 'string')
    throw new TypeError('the fact kubernetes/kubeconfig has no path or no context');
  return { path, context };
}
