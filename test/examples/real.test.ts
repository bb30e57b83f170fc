import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { renderCluster } from '../../examples/render.ts';
import { prepareRepository } from '../real/world.ts';
import { run, toolEnvironment } from './real-tools.ts';
import { clusters, document, example, nodesOf, parseDocuments } from './repository.ts';
import type { Tree } from './repository.ts';

let scratch: string;
/** A copy of the repository, in which the charts are folders of this machine. */
let localCharts: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'examples-'));
  mkdirSync(join(scratch, 'home'));
  env = toolEnvironment(
    ['talosctl', 'sops', 'helm', 'helmfile', 'kustomize'],
    join(scratch, 'home'),
    inject('toolchain'),
  );
  localCharts = join(scratch, 'repository');
  await prepareRepository(example, localCharts);
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
    const committed = nodesOf(cluster).map(({ hostname }): [string, string] => {
      const name = `${cluster}-${hostname}.yaml`;
      return [name, readFileSync(join(talos, 'clusterconfig', name), 'utf8')];
    });
    expect(renderCluster(example, cluster, env)).toEqual(new Map(committed));
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
    const template = (helmfile: string, ...more: string[]): Tree[] => {
      const argv = ['--no-color', '--quiet', `--file=bootstrap/${cluster}/helmfile.d/${helmfile}`, 'template', ...more];
      return parseDocuments(run('helmfile', argv, env, localCharts), helmfile);
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

    test('renders the core with the values of this cluster', () => {
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
      // The operator brings its own definition; all others came in phase 1.
      const definitions = rendered.filter((each) => each.kind === 'CustomResourceDefinition');
      expect(new Set(definitions.map((each) => each.spec.group))).toEqual(new Set(['fluxcd.controlplane.io']));
      const dns = rendered.find((each) => each.kind === 'Service' && each.metadata.name === 'kube-dns');
      expect(dns?.spec.clusterIP).toBe(vars.DNS_SERVICE_IP);
      const text = JSON.stringify(rendered);
      expect(Object.keys(vars).filter((name) => text.includes(`\${${name}}`))).toEqual([]);
    });
  });
});
