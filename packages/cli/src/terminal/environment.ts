import { homedir, release } from 'node:os';

/** The operator's environment variables. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** One of them; undefined where it is not set, or empty. */
export function variable(name: string): string | undefined {
  return environment[name] || undefined;
}

export function homeFolder(): string {
  return variable('HOME') ?? homedir();
}

const TELLING =
  /^(?:CLUSTER|CONTEXT|DRY_RUN|TALOSCONFIG|KUBECONFIG|NO_COLOR|CI|TERM|LANG|(?:SOPS|OP|HELM|XDG|COLDSTART)_\w+)$/;
const PROXY = /^(?:https?|no|all)_proxy$/i;

/** Names of the variables that are set and that coldstart or its tools heed; never their values. */
export function namesSet(): string[] {
  return Object.keys(environment)
    .filter((name) => TELLING.test(name) || PROXY.test(name))
    .sort();
}

export const system = (): { node: string; platform: string; arch: string; release: string } => ({
  node: process.version,
  platform: process.platform,
  arch: process.arch,
  release: release(),
});
