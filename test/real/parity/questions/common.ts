import { readFileSync } from 'node:fs';
import { kubectlArgv, parseObjects } from '@coldstart/tools';
import { parseAllDocuments } from 'yaml';

/** Where both sides keep the operators' kubeconfig, and the context that is the cluster's. */
export const access = { path: 'kubernetes/kubeconfig', context: 'infra' };
/** One question to a simulated tool and to the real one, in worlds that were led to the same state. */
export type Question = {
  name: string;
  tool: 'kubectl' | 'helm' | 'helmfile' | 'kustomize' | 'kubeconform' | 'sops' | 'flux' | 'git';
  /**
   * `{root}` is the repository and `{head}` its commit: each side has its own. Other names in braces, also in stdin, are
   * what the test gives both.
   */
  argv: readonly string[];
  stdin?: string;
  /** Environment beside the common one. */
  env?: Readonly<Record<string, string>>;
  /** Whether it changes the world, on both sides. */
  changes?: true;
  /** Asked again until both say what is expected: a controller has to come to it. */
  within?: true;
  /** How our steps read it; a failure is read by its exit code and what it says. */
  read?: (stdout: string, stderr: string) => unknown;
  /** What both must come to: the exit code, and what is read; of a failure a part of what stderr says. */
  expected: { exit: number; read: unknown };
};
export const kubectl = (...rest: string[]): string[] => kubectlArgv(access, ...rest);
export const names = (stdout: string): string[] => (parseObjects(stdout) ?? []).map(({ metadata }) => metadata.name);
export const said = (_: string, stderr: string): string => stderr;
export const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'observability' } };
/** A file that is the same in every copy of the example, and its id in git. */
export const file = 'clusters/infra/flux/kustomization.yaml';
export const content = readFileSync(new URL(`../../../../examples/k8s-ops/${file}`, import.meta.url));
/** A release of the state files. */
export const named = (name: string) => ({ name, namespace: 'observability' });
export const one = named('one');
export const another = named('another');
export const documents = (stdout: string): string[] =>
  parseAllDocuments(stdout).map((document) => {
    const { kind, metadata } = document.toJS() as { kind: string; metadata: { name: string } };
    return `${kind}/${metadata.name}`;
  });
