import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderCluster } from '../../examples/render.ts';
import { run, toolEnvironment } from './real-tools.ts';
import { clusters, document, example, nodesOf, parseDocuments, project } from './repository.ts';
import type { Tree } from './repository.ts';

let scratch: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'examples-'));
  mkdirSync(join(scratch, 'home'));
  env = toolEnvironment(['talosctl', 'sops', 'helm', 'helmfile', 'kustomize'], join(scratch, 'home'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(clusters)('%s', (cluster) => {
  const talos = join(example, 'clusters', cluster, 'talos');

  test.each(nodesOf(cluster))('talosctl validate takes the config of $hostname, also when strict', ({ hostname }) => {
    const config = `clusterconfig/${cluster}-${hostname}.yaml`;
    for (const strict of [[], ['--strict']]) {
      const said = run('talosctl', ['validate', '-m', 'metal', '-c', config, ...strict], env, talos);
      expect(said).toBe(`${config} is valid for metal mode\n`);
    }
  });

  test('the committed configs are what talconfig renders to', () => {
    const rendered = renderCluster(example, cluster, env);
    expect(rendered.size).toBe(6);
    for (const [name, content] of rendered) {
      expect(readFileSync(join(talos, 'clusterconfig', name), 'utf8'), name).toBe(content);
    }
  });

  test('talosctl reads the talosconfig', () => {
    const argv = ['--talosconfig=clusterconfig/talosconfig', `--context=${cluster}`, 'config', 'info', '--output=json'];
    const info = JSON.parse(run('talosctl', argv, env, talos)) as Tree;
    const nodes = nodesOf(cluster);
    expect(info).toMatchObject({
      context: cluster,
      endpoints: nodes.filter((node) => node.controlPlane).map((node) => node.address),
      nodes: nodes.map((node) => node.address),
      roles: ['os:admin'],
    });
  });

  test('sops decrypts the secrets with the throw-away key, and they are those of the configs', () => {
    const keyed = { ...env, SOPS_AGE_KEY_FILE: join(example, 'age.key') };
    const secrets = parse(run('sops', ['-d', 'talsecret.sops.yaml'], keyed, talos)) as Tree;
    const { machine, cluster: inside } = nodesOf(cluster)[0]!.config;
    expect(secrets.certs.os).toEqual(machine.ca);
    expect(secrets.certs.k8s).toEqual(inside.ca);
    expect(secrets.cluster).toEqual({ id: inside.id, secret: inside.secret });
    expect(secrets.trustdinfo.token).toBe(machine.token);
  });

  test('sops does not decrypt them without that key', () => {
    expect(() => run('sops', ['-d', 'talsecret.sops.yaml'], env, talos)).toThrow(/Failed to get the data key/);
  });

  test('kustomize builds what Flux will', () => {
    const built = parseDocuments(run('kustomize', ['build', `clusters/${cluster}/flux`], env, example), 'flux root');
    const kinds = new Set(built.map((each) => each.kind as string));
    expect(kinds).toEqual(new Set(['ConfigMap', 'GitRepository', 'HelmRepository', 'OCIRepository', 'Kustomization']));
    for (const each of built.filter((one) => one.spec?.sourceRef?.name === 'flux-system')) {
      expect(run('kustomize', ['build', each.spec.path], env, example)).toContain('kind: ');
    }
  });

  describe('helmfile', () => {
    /** Renders a helmfile of a copy of the repository, in which the charts are folders of this machine. */
    const template = (helmfile: string, ...more: string[]): Tree[] => {
      const copy = join(scratch, cluster);
      cpSync(example, copy, { recursive: true });
      const path = join(copy, 'bootstrap', cluster, 'helmfile.d', helmfile);
      writeFileSync(path, withLocalCharts(readFileSync(path, 'utf8')));
      const argv = ['--no-color', '--quiet', '--file', path, 'template', '--skip-deps', ...more];
      return parseDocuments(run('helmfile', argv, env, copy), helmfile);
    };

    test('renders definitions from every chart of the CRD helmfile', () => {
      const groups = template('00-crds.yaml', '--include-crds')
        .filter((each) => each.kind === 'CustomResourceDefinition')
        .map((each) => each.spec.group as string);
      for (const group of [
        'gateway.networking.k8s.io',
        'monitoring.coreos.com',
        'cert-manager.io',
        'external-secrets.io',
      ]) {
        expect(groups).toContain(group);
      }
    });

    test('renders the core with the values of this cluster, and no definition', () => {
      const rendered = template('01-apps.yaml');
      const vars = document(`clusters/${cluster}/flux/cluster-vars.yaml`).data;
      const cilium = rendered.find((each) => each.kind === 'ConfigMap' && each.metadata.name === 'cilium-config');
      expect(cilium?.data).toMatchObject({
        'cluster-name': vars.CLUSTER_NAME,
        'cluster-id': vars.CLUSTER_ID,
        'ipv4-native-routing-cidr': vars.POD_CIDR,
        'kube-proxy-replacement': 'true',
        'routing-mode': 'native',
        'enable-bgp-control-plane': 'true',
        'datapath-mode': 'veth',
        mtu: vars.NODE_MTU,
      });
      const agent = rendered.find((each) => each.kind === 'DaemonSet' && each.metadata.name === 'cilium');
      expect(agent?.spec.template.spec.containers[0].env).toEqual(
        expect.arrayContaining([
          { name: 'KUBERNETES_SERVICE_HOST', value: vars.API_HOST },
          { name: 'KUBERNETES_SERVICE_PORT', value: vars.API_PORT },
        ]),
      );
      expect(rendered.filter((each) => each.kind === 'CustomResourceDefinition')).toEqual([]);
      expect(JSON.stringify(rendered)).not.toMatch(/\$\{[A-Z_]+\}/);
    });
  });
});

/** Replaces charts by local folders, as test/real/charts/mapping.yaml says (paths relative to that file). */
function withLocalCharts(text: string): string {
  const folder = join(project, 'test/real/charts');
  const mapping = parse(readFileSync(join(folder, 'mapping.yaml'), 'utf8')) as Record<string, string>;
  return text.replaceAll(/oci:\/\/charts\.example\.com\/[\w-]+/g, (chart) => {
    const local = mapping[chart];
    if (local === undefined) throw new Error(`test/real/charts/mapping.yaml has no folder for ${chart}`);
    return resolve(folder, local);
  });
}
