/**
 * Renders the machine configs of examples/k8s-ops again: `node examples/render.ts [cluster…]`.
 *
 * Stands in for `talhelper genconfig`, for the fields of talconfig.yaml that the example uses and no more: an unknown
 * one is an error. Rendering itself is the real talosctl's (`gen config --with-secrets`), so the same secrets give
 * the same files. Needs talosctl and sops on the PATH. It leaves `clusterconfig/talosconfig` alone, because a client
 * certificate is new at each issue.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

type Node = {
  hostname: string;
  ipAddress: string;
  controlPlane: boolean;
  installDiskSelector: object;
  nameservers: string[];
  networkInterfaces: object[];
};
type Group = { talosImageURL: string; patches: string[] };
type Talconfig = {
  clusterName: string;
  talosVersion: string;
  kubernetesVersion: string;
  endpoint: string;
  additionalMachineCertSans: string[];
  additionalApiServerCertSans: string[];
  clusterPodNets: string[];
  clusterSvcNets: string[];
  cniConfig: object;
  nodes: Node[];
  patches: string[];
  controlPlane: Group;
  worker: Group;
};

const clusterFields =
  'clusterName talosVersion kubernetesVersion endpoint additionalMachineCertSans additionalApiServerCertSans ' +
  'clusterPodNets clusterSvcNets cniConfig nodes patches controlPlane worker';
const nodeFields = 'hostname ipAddress controlPlane installDiskSelector nameservers networkInterfaces';

/** Talos 1.12 and later name the node in a document of its own; two places that set a hostname are a conflict. */
const noHostnameDocument = 'apiVersion: v1alpha1\nkind: HostnameConfig\n$patch: delete\n';

/**
 * Renders all machine configs of one cluster.
 *
 * @param root folder of the repository
 * @param env environment with a PATH on which talosctl and sops are found
 * @returns file name in `clusterconfig/` → content
 */
export function renderCluster(root: string, cluster: string, env: NodeJS.ProcessEnv): Map<string, string> {
  const folder = join(root, 'clusters', cluster, 'talos');
  const talconfig = readTalconfig(join(folder, 'talconfig.yaml'));
  const scratch = mkdtempSync(join(tmpdir(), 'render-'));
  try {
    const secrets = join(scratch, 'secrets.yaml');
    const keyed = { SOPS_AGE_KEY_FILE: join(root, 'age.key'), ...env };
    const plain = execFileSync('sops', ['-d', 'talsecret.sops.yaml'], { cwd: folder, env: keyed });
    writeFileSync(secrets, plain, { mode: 0o600 });
    return new Map(
      talconfig.nodes.map((node) => [
        `${talconfig.clusterName}-${node.hostname}.yaml`,
        execFileSync('talosctl', genConfig(talconfig, node, secrets), {
          cwd: folder,
          env,
          encoding: 'utf8',
          stdio: 'pipe',
        }),
      ]),
    );
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function genConfig(talconfig: Talconfig, node: Node, secrets: string): string[] {
  const group = node.controlPlane ? talconfig.controlPlane : talconfig.worker;
  const patches = [
    JSON.stringify(nodePatch(talconfig, node)),
    noHostnameDocument,
    ...talconfig.patches,
    ...group.patches,
  ];
  return [
    'gen',
    'config',
    talconfig.clusterName,
    talconfig.endpoint,
    `--with-secrets=${secrets}`,
    `--talos-version=${talconfig.talosVersion}`,
    `--kubernetes-version=${talconfig.kubernetesVersion.replace(/^v/, '')}`,
    `--install-image=${group.talosImageURL}:${talconfig.talosVersion}`,
    '--install-disk=',
    '--with-docs=false',
    '--with-examples=false',
    `--output-types=${node.controlPlane ? 'controlplane' : 'worker'}`,
    '--output=-',
    ...patches.map((patch) => `--config-patch=${patch}`),
  ];
}

/** What talconfig.yaml says of one node, as a machine config. Certificates for the API server are no worker's matter. */
function nodePatch(talconfig: Talconfig, node: Node): object {
  const cluster = {
    network: {
      cni: talconfig.cniConfig,
      podSubnets: talconfig.clusterPodNets,
      serviceSubnets: talconfig.clusterSvcNets,
    },
  };
  return {
    machine: {
      certSANs: talconfig.additionalMachineCertSans,
      install: { diskSelector: node.installDiskSelector },
      network: { hostname: node.hostname, nameservers: node.nameservers, interfaces: node.networkInterfaces },
    },
    cluster: node.controlPlane
      ? { ...cluster, apiServer: { certSANs: talconfig.additionalApiServerCertSans } }
      : cluster,
  };
}

function readTalconfig(path: string): Talconfig {
  const talconfig = parse(readFileSync(path, 'utf8')) as Talconfig;
  refuseUnknown(path, talconfig, clusterFields);
  for (const node of talconfig.nodes) refuseUnknown(`${path}: ${node.hostname}`, node, nodeFields);
  for (const group of [talconfig.controlPlane, talconfig.worker]) refuseUnknown(path, group, 'talosImageURL patches');
  return talconfig;
}

function refuseUnknown(where: string, value: object, known: string): void {
  const unknown = Object.keys(value).filter((key) => !known.split(' ').includes(key));
  if (unknown.length > 0) throw new Error(`${where}: not rendered here: ${unknown.join(', ')}`);
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('k8s-ops', import.meta.url));
  const named = process.argv.slice(2);
  for (const cluster of named.length > 0 ? named : ['infra', 'apps']) {
    for (const [name, content] of renderCluster(root, cluster, process.env)) {
      const path = join(root, 'clusters', cluster, 'talos/clusterconfig', name);
      writeFileSync(path, content);
      process.stdout.write(`${path}\n`);
    }
  }
}
