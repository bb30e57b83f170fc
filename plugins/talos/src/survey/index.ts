import { EXIT, Problem, type Files, type Finding, type Json, type Survey, type Surveyed } from '@coldstart/contract';
import { DEFAULTS, TalosSection, type TalosPolicy } from '../config.ts';
import type { TalosCluster, TalosNode } from '../facts.ts';
import { checkCluster, type Placed } from './checks.ts';
import { addressOf, inOrder, readConfigs } from './nodes.ts';
import { findPlaces, placeIn, placesOf, type Place } from './places.ts';
import { carrierOf, readRendered } from './rendered.ts';
import { readTalconfig } from './talconfig.ts';
import { readTalosconfig, type TalosContext } from './talosconfig.ts';
import { secretsIn } from './secrets.ts';
import { loadYaml, type YamlFile } from './yaml-file.ts';

/** Reads talhelper's layout with rendered configs: who the nodes are, where they answer, and what does not fit together. */
export const talosSurvey: Survey = {
  id: 'talos/repository',
  needs: [],
  provides: ['talos/cluster', 'talos/nodes', 'talos/policy'],
  run: async ({ cluster, files, config }) => surveyTalos(cluster, files, policyFrom(config)),
};

/** The host hands over the validated section; without a host (tests) the defaults hold. */
function policyFrom(config: Json): TalosPolicy {
  const parsed = TalosSection.safeParse(config);
  return parsed.success ? parsed.data : DEFAULTS;
}

async function surveyTalos(cluster: string, files: Files, policy: TalosPolicy): Promise<Surveyed> {
  const places = await findPlaces(files);
  const place = await chosenPlace(files, places, cluster, policy.folder);
  const result: Surveyed = {
    facts: { 'talos/policy': plain(policy) },
    read: [],
    assumed: [],
    problems: [],
    secrets: [],
  };

  const loaded = await loadYaml(files, place.talconfig);
  if (!('file' in loaded)) {
    result.problems.push(
      'problem' in loaded
        ? loaded.problem
        : { file: place.talconfig, found: 'no such file', expected: "talhelper's description of the cluster" },
    );
    return result;
  }
  const talconfig = loaded.file;
  result.read.push(talconfig.file);
  const listed = readTalconfig(talconfig);
  result.problems.push(...listed.problems);
  for (const name of listed.skipped) result.assumed.push(`${name} in ${talconfig.file} stands for no machine`);

  const configs = await readConfigs(files, {
    folder: place.folder,
    clusterName: place.name,
    talconfig,
    listed: listed.nodes,
  });
  result.problems.push(...configs.problems);
  for (const file of configs.read) keep(result, file);

  const talosconfig = await talosconfigOf(files, place, cluster, policy, result);
  const nodes = placed(inOrder(configs.found), policy, talosconfig, talconfig, result);
  result.problems.push(...checkCluster({ nodes, talconfig, talosconfig }));
  result.problems.push(...(await sharedCas(files, places, place, nodes)));

  const facts = nodes.map(asFact);
  const bootstrapNode = bootstrapNodeOf(facts, policy, talconfig, result);
  const [first] = nodes;
  if (first && bootstrapNode !== null && talosconfig) {
    result.facts = {
      ...result.facts,
      'talos/nodes': plain(facts),
      'talos/cluster': plain(clusterFact(cluster, first, nodes, talosconfig, bootstrapNode)),
    };
  }
  result.secrets = [...new Set(result.secrets)];
  return result;
}

/** The cluster's place; a cluster that is not there, or stands in two places, is a question to the operator. */
async function chosenPlace(
  files: Files,
  places: readonly Place[],
  cluster: string,
  folder: string | undefined,
): Promise<Place> {
  if (folder !== undefined) {
    const place = await placeIn(files, folder.replaceAll('{cluster}', cluster));
    if (place) return place;
    throw new Problem(`There is no talconfig.yaml in ${folder}.`, {
      exit: EXIT.usage,
      remedy: 'Mend talos.folder in coldstart.yaml.',
    });
  }
  const fitting = placesOf(places, cluster);
  if (fitting.length === 1 && fitting[0]) return fitting[0];
  if (fitting.length > 1)
    throw new Problem(
      `The cluster ${cluster} stands in several places: ${fitting.map((p) => p.talconfig).join(', ')}.`,
      {
        exit: EXIT.usage,
        remedy: 'Name the right one with talos.folder in coldstart.yaml.',
      },
    );
  const known = places.map((place) => `${place.name} (${place.talconfig})`);
  throw new Problem(`There is no cluster ${cluster} in this repository.`, {
    exit: EXIT.usage,
    remedy:
      known.length > 0
        ? `Found: ${known.join(', ')}.`
        : 'No talconfig.yaml was found; name its folder with talos.folder in coldstart.yaml, or the repository with --root.',
  });
}

async function talosconfigOf(
  files: Files,
  place: Place,
  cluster: string,
  policy: TalosPolicy,
  result: Surveyed,
): Promise<TalosContext | null> {
  const path = policy.talosconfig ?? `${place.folder}/clusterconfig/talosconfig`;
  const read = await readTalosconfig(files, path, policy.context ?? (place.name === '' ? cluster : place.name));
  const file = 'told' in read ? read.told.file : read.file;
  if (file) keep(result, file);
  if ('told' in read) return read.told;
  result.problems.push(read.problem);
  return null;
}

function placed(
  found: ReturnType<typeof inOrder>,
  policy: TalosPolicy,
  talosconfig: TalosContext | null,
  talconfig: YamlFile,
  result: Surveyed,
): Placed[] {
  const names = new Set(found.map((node) => node.hostname));
  for (const name of Object.keys(policy.nodes))
    if (!names.has(name))
      result.problems.push({
        file: 'coldstart.yaml',
        found: `talos.nodes.${name}`,
        expected: `one of ${[...names].join(', ')}`,
      });
  for (const [key, named] of [
    ['machines', Object.keys(policy.machines)],
    ['acceptMachines', policy.acceptMachines],
  ] as const)
    for (const name of named)
      if (!names.has(name))
        result.problems.push({
          file: 'coldstart.yaml',
          found: `${name} in talos.${key}`,
          expected: `one of ${[...names].join(', ')}`,
        });
  const inTalosconfig = talosconfig ? [...talosconfig.nodes, ...talosconfig.endpoints] : [];
  return found.flatMap((node): Placed[] => {
    const told = addressOf(node, policy.nodes[node.hostname], inTalosconfig);
    if ('bad' in told) {
      result.problems.push(
        talconfig.finding(
          [...node.at, 'ipAddress'],
          `the address ${JSON.stringify(told.bad)} of ${node.hostname}`,
          'an IPv4 or IPv6 address',
        ),
      );
      return [];
    }
    if (told.from !== 'talosconfig' && told.from !== 'talconfig')
      result.assumed.push(`${node.hostname} answers at ${told.address} (from ${told.from})`);
    return [{ ...node, address: told.address }];
  });
}

function asFact(node: Placed): TalosNode {
  const { config } = node;
  return {
    name: node.hostname,
    address: node.address,
    role: config.role ?? (node.controlPlane ? 'controlplane' : 'worker'),
    config: node.path,
    diskSelector: config.diskSelector,
    disk: config.disk,
    macs: config.macs,
    talosVersion: config.talosVersion,
    caFingerprint: config.caFingerprint ?? '',
    ...carrierOf(config, node.address),
  };
}

function bootstrapNodeOf(
  nodes: readonly TalosNode[],
  policy: TalosPolicy,
  talconfig: YamlFile,
  result: Surveyed,
): string | null {
  const controlPlanes = nodes.filter((node) => node.role === 'controlplane').map((node) => node.name);
  const [first] = controlPlanes;
  if (first === undefined) {
    if (result.problems.length === 0)
      result.problems.push(
        talconfig.finding(['nodes'], 'no control plane', 'at least one node with controlPlane: true'),
      );
    return null;
  }
  if (policy.bootstrapNode === undefined) {
    result.assumed.push(`etcd is bootstrapped on ${first}, the first control plane of ${talconfig.file}`);
    return first;
  }
  if (controlPlanes.includes(policy.bootstrapNode)) return policy.bootstrapNode;
  result.problems.push({
    file: 'coldstart.yaml',
    found: `talos.bootstrapNode: ${policy.bootstrapNode}`,
    expected: `one of ${controlPlanes.join(', ')}`,
  });
  return null;
}

function clusterFact(
  cluster: string,
  first: Placed,
  nodes: readonly Placed[],
  talosconfig: TalosContext,
  bootstrapNode: string,
): TalosCluster {
  const { config } = first;
  const controlPlanes = nodes.filter((node) => node.config.role === 'controlplane');
  return {
    name: cluster,
    endpoint: (config.endpoint ?? '').replace(/\/$/, ''),
    vip: controlPlanes.map((node) => node.config.vip).find((vip) => vip !== null) ?? null,
    talosconfig: talosconfig.file.file,
    context: talosconfig.context,
    caFingerprint: config.caFingerprint ?? '',
    kubernetesCaFingerprint: config.kubernetesCaFingerprint ?? '',
    kubernetesVersion: config.kubernetesVersion,
    talosVersion: config.talosVersion,
    podSubnets: config.podSubnets,
    serviceSubnets: config.serviceSubnets,
    cni: config.cni,
    proxyDisabled: config.proxyDisabled,
    bootstrapNode,
    workersExpected: nodes.length - controlPlanes.length,
    controlPlanesExpected: controlPlanes.length,
    schedulable: controlPlanes.some((node) => node.config.schedulable),
  };
}

/** Two clusters with the same Talos CA take each other's nodes: the first rendered config of every other place is compared. */
async function sharedCas(
  files: Files,
  places: readonly Place[],
  own: Place,
  nodes: readonly Placed[],
): Promise<Finding[]> {
  const ca = nodes[0]?.config.caFingerprint ?? null;
  if (ca === null) return [];
  const problems: Finding[] = [];
  for (const other of places) {
    if (other.talconfig === own.talconfig) continue;
    const folder = `${other.folder}/clusterconfig`;
    const name = (await files.list(folder)).find((n) => n.startsWith(`${other.name}-`) && n.endsWith('.yaml'));
    const loaded = name === undefined ? undefined : await loadYaml(files, `${folder}/${name}`);
    if (!loaded || !('file' in loaded)) continue;
    const rendered = readRendered(loaded.file);
    if ('config' in rendered && rendered.config.caFingerprint === ca)
      problems.push(
        loaded.file.finding(
          ['machine', 'ca', 'crt'],
          `the Talos CA of the cluster ${own.name}`,
          `secrets of its own for the cluster ${other.name}`,
        ),
      );
  }
  return problems;
}

/** Remembers that a file was read, and registers what is secret in it. */
function keep(result: Surveyed, file: YamlFile): void {
  result.read.push(file.file);
  for (const document of file.documents) result.secrets.push(...secretsIn(document));
}

const plain = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
