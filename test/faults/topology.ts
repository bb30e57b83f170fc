import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Selection } from '@coldstart/engine';
import { talos } from '@coldstart/plugin-talos';
import { EXAMPLE, survey, type Ground as Surveyed } from '../rehearsal/support/bring-up.ts';
import { nodeNames, type Case } from './case.ts';

export const CLUSTER = 'infra';
const FOLDER = `clusters/${CLUSTER}/talos`;

/** A surveyed and planned repository of one topology. */
export type Ground = Surveyed & {
  selection: Selection;
  /** Keys and tokens that stand in its files: none may ever be seen in an output. */
  canaries: string[];
};

export type Shape = Pick<Case, 'controlPlanes' | 'workers' | 'scope' | 'parallel' | 'remote'>;

/** Grounds by topology, each surveyed once; their folders are removed by `close`. */
export class Grounds {
  readonly #base = mkdtempSync(join(tmpdir(), 'coldstart-faults-'));
  readonly #roots = new Map<string, string>();
  readonly #grounds = new Map<string, Promise<Ground>>();

  of(shape: Shape): Promise<Ground> {
    const { controlPlanes, workers, scope, parallel, remote = false } = shape;
    const key = `${controlPlanes}-${workers}-${scope}-${parallel}-${remote}`;
    const ground = this.#grounds.get(key) ?? surveyed(this.#root(controlPlanes, workers), shape);
    this.#grounds.set(key, ground);
    return ground;
  }

  close(): void {
    rmSync(this.#base, { recursive: true, force: true });
  }

  #root(controlPlanes: number, workers: number): string {
    const key = `${controlPlanes}-${workers}`;
    const known = this.#roots.get(key);
    if (known !== undefined) return known;
    const root = join(this.#base, key);
    writeRepository(root, controlPlanes, workers);
    this.#roots.set(key, root);
    return root;
  }
}

/** The example with other machines: one control plane's and one worker's config, with names, addresses and disks of their own. */
function writeRepository(root: string, controlPlanes: number, workers: number): void {
  mkdirSync(root);
  for (const folder of readdirSync(EXAMPLE))
    if (folder !== '.coldstart') cpSync(join(EXAMPLE, folder), join(root, folder), { recursive: true });
  rmSync(join(root, FOLDER, 'clusterconfig'), { recursive: true });
  mkdirSync(join(root, FOLDER, 'clusterconfig'));
  const read = (path: string): string => readFileSync(join(EXAMPLE, FOLDER, path), 'utf8');
  const models = { cp: read('clusterconfig/infra-infra-01.yaml'), worker: read('clusterconfig/infra-infra-04.yaml') };
  const [head = '', ...rest] = read('talconfig.yaml').split(/^ {2}- (?=hostname: )/m);
  const last = rest.at(-1) ?? '';
  const tail = last.search(/\n\S/) + 1;
  const entry = { cp: rest[0] ?? '', worker: last.slice(0, tail) };

  const nodes = nodeNames(controlPlanes, workers).map((name, i) => {
    const worker = i >= controlPlanes;
    const address = worker ? `192.0.2.${101 + i - controlPlanes}` : `192.0.2.${11 + i}`;
    return { name, address, worker };
  });
  const own = (text: string, { name, address }: { name: string; address: string }): string =>
    text
      .replaceAll(/infra-0[16]\b|infra-04\b/g, name)
      .replaceAll(/EX960-INFRA-0\d/g, `EX960-${name.toUpperCase()}`)
      .replaceAll(/192\.0\.2\.(?:11|21|23)\b/g, address)
      // Without a worker, control planes have to take workloads.
      .replaceAll('allowSchedulingOnControlPlanes: false', `allowSchedulingOnControlPlanes: ${workers === 0}`);
  writeFileSync(
    join(root, FOLDER, 'talconfig.yaml'),
    head + nodes.map((node) => `  - ${own(node.worker ? entry.worker : entry.cp, node)}`).join('') + last.slice(tail),
  );
  for (const node of nodes)
    writeFileSync(
      join(root, FOLDER, `clusterconfig/infra-${node.name}.yaml`),
      own(node.worker ? models.worker : models.cp, node),
    );
  const listed = (these: typeof nodes): string => these.map(({ address }) => `            - ${address}\n`).join('');
  writeFileSync(
    join(root, FOLDER, 'clusterconfig/talosconfig'),
    read('clusterconfig/talosconfig')
      .replace(/(endpoints:\n)(?:\s+- \S+\n)+/, `$1${listed(nodes.filter((node) => !node.worker))}`)
      .replace(/(nodes:\n)(?:\s+- \S+\n)+/, `$1${listed(nodes)}`),
  );
}

/** A third of the looks that a wait takes unless told, for less processor time a run. Tests of the rehearsal wait as they are told nothing. */
const PATIENT = Object.fromEntries(
  ['verify', 'bootstrap', 'etcd', 'kubeconfig', 'api', 'register', 'vip'].map((wait) => [wait, { every: '15s' }]),
);

async function surveyed(root: string, { scope, parallel, controlPlanes, workers, remote }: Shape): Promise<Ground> {
  // The disk selectors of the model's workers name no machine.
  const machines = Object.fromEntries(
    nodeNames(controlPlanes, workers)
      .slice(controlPlanes)
      .map((name) => [name, { serial: `SN-${name}` }]),
  );
  const selection: Selection = scope === 'whole' ? {} : { phases: ['talos'] };
  const ground = await survey({
    root,
    cluster: CLUSTER,
    ...(scope === 'talos' && { plugins: [talos] }),
    config: {
      talos: { apply: { parallel }, machines, ...PATIENT },
      ...(remote === true && { lock: { git: 'https://git.example.com/ops/locks.git' } }),
    },
    selection,
  });
  return { ...ground, selection, canaries: canariesIn(root) };
}

const SECRET = /^\s*(?:key|token|secret|aescbcEncryptionSecret|secretboxEncryptionSecret): (\S{12,})$/gm;

/** Values of the fields that hold keys and tokens, found by their names and not by the plugin's own list. */
function canariesIn(root: string): string[] {
  const folder = join(root, FOLDER, 'clusterconfig');
  const found = new Set<string>();
  for (const file of readdirSync(folder))
    for (const [, value = ''] of readFileSync(join(folder, file), 'utf8').matchAll(SECRET)) found.add(value);
  if (found.size < 5) throw new Error('the generated configs hold too few secrets to look for');
  return [...found];
}
