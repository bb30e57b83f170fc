import type { Files, Finding, Json, Survey } from '@coldstart/contract';
import { dig } from '@coldstart/tools';
import { CiliumSection } from '../config.ts';
import type { CiliumExpected } from '../facts.ts';
import { valueFiles, varFiles } from './find.ts';
import { readValues, readVars, substitute, type Values } from './values.ts';

/** Learns from the repository's own values what Cilium is expected to be. */
export const survey: Survey = {
  id: 'cilium/repository',
  needs: [],
  provides: ['cilium/expected', 'cilium/policy'],
  run: async ({ cluster, files, config }) => {
    const policy = CiliumSection.parse(config ?? {});
    const at = new Reading(files);
    const paths = policy.values
      ? [policy.values.replaceAll('{cluster}', cluster)]
      : await valueFiles(files, cluster, policy.release);
    const found = await at.values(paths, policy.release, policy.values !== undefined);
    const vars =
      found?.found.kind === 'HelmRelease'
        ? await at.vars(policy.vars ? [policy.vars.replaceAll('{cluster}', cluster)] : await varFiles(files, cluster))
        : {};
    if (!found)
      at.assumed.push(
        'no plain values of Cilium were found: nothing of its configuration is held against the repository (name them as cilium.values in coldstart.yaml)',
      );
    const expected = expectations(found, vars, at.assumed);
    return {
      facts: { 'cilium/expected': expected as Json, 'cilium/policy': policy as Json },
      read: [...at.read].sort(),
      assumed: at.assumed,
      problems: at.problems,
      secrets: [],
    };
  },
};

type Found = { path: string; found: Values };

class Reading {
  readonly read = new Set<string>();
  readonly assumed: string[] = [];
  readonly problems: Finding[] = [];
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  async values(paths: readonly string[], release: string, named: boolean): Promise<Found | undefined> {
    for (const path of paths) {
      const bytes = await this.#files.read(path);
      if (!bytes) {
        if (named)
          this.problems.push({
            file: path,
            found: 'nothing there',
            expected: "Cilium's values, as cilium.values in coldstart.yaml says",
          });
        continue;
      }
      const { found, problems, templated } = readValues(path, bytes, release);
      this.problems.push(...problems);
      if (found) {
        this.read.add(path);
        return { path, found };
      }
      if (templated) this.assumed.push(`${path}: its values are a template, which is not evaluated`);
    }
    return undefined;
  }

  async vars(paths: readonly string[]): Promise<Record<string, string>> {
    for (const path of paths) {
      const bytes = await this.#files.read(path);
      const vars = bytes && readVars(path, bytes);
      if (!vars) continue;
      this.read.add(path);
      return vars;
    }
    return {};
  }
}

function expectations(
  found: Found | undefined,
  vars: Readonly<Record<string, string>>,
  assumed: string[],
): CiliumExpected {
  const told = (...path: string[]): string | null => {
    const value = dig(found?.found.values, ...path);
    if (typeof value === 'boolean' || typeof value === 'number') return String(value);
    if (typeof value !== 'string') return null;
    const filled = value.includes('{{') ? undefined : substitute(value, vars);
    if (filled === undefined)
      assumed.push(
        `${found?.path ?? ''}: ${path.join('.')} is ${value}, whose value is not known here: it is not checked`,
      );
    return filled ?? null;
  };
  const number = (...path: string[]): number | null => {
    const value = told(...path);
    return value === null || !/^\d+$/.test(value) ? null : Number(value);
  };
  const flag = (...path: string[]): boolean | null => {
    const value = told(...path);
    // Older charts said `strict`, `partial` and `disabled` for the replacement of kube-proxy.
    return value === null
      ? null
      : value === 'true' || value === 'strict'
        ? true
        : value === 'false' || value === 'disabled'
          ? false
          : null;
  };
  return {
    clusterName: told('cluster', 'name'),
    clusterId: number('cluster', 'id'),
    kubeProxyReplacement: flag('kubeProxyReplacement'),
    k8sServiceHost: told('k8sServiceHost'),
    k8sServicePort: number('k8sServicePort'),
    routingMode: told('routingMode'),
    nativeCidr: told('ipv4NativeRoutingCIDR'),
    datapathMode: told('bpf', 'datapathMode'),
    hubbleRelay: flag('hubble', 'relay', 'enabled'),
    hubbleUi: flag('hubble', 'ui', 'enabled'),
    bgp: flag('bgpControlPlane', 'enabled'),
    values: found?.path ?? null,
  };
}
