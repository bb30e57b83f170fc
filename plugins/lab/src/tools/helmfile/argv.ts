import type { Flags } from '../common/flags.ts';
import type { StateRelease } from './state.ts';

/** A flag as it was given to helmfile; none where it was not. */
export const named = (flags: Flags, name: string): string[] => {
  const value = flags.value(name);
  return value === undefined ? [] : [`--${name}`, value];
};
export const versionOf = ({ version }: StateRelease): string[] => (version === undefined ? [] : ['--version', version]);
/** What helmfile was told of the cluster stands before helm's own command. */
export const helmAccess = (flags: Flags): string[] => [...named(flags, 'kubeconfig'), ...named(flags, 'kube-context')];
