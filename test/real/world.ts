import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { parse, parseAllDocuments } from 'yaml';

import { chartFolders } from './charts.ts';
import { must } from './children.ts';
import type { NodeSpec } from './controlplane/nodes.ts';
import type { Built } from './toolchain/build.ts';

/** Executables that stand for what cannot be built here. */
export const shims = fileURLToPath(new URL('shims/bin', import.meta.url));

/** A PATH with these tools, the shims, the Node that runs this, and the system's own commands (git, sh). */
export const pathOf = (tools: Partial<Record<string, Built>>): string =>
  [
    ...Object.values(tools).map((tool) => dirname(tool?.path ?? '')),
    shims,
    dirname(process.execPath),
    '/usr/bin',
    '/bin',
  ].join(delimiter);

/**
 * The environment for tools in a test: a HOME of their own, and nothing of ours. The kubeconfig in that HOME has a
 * current-context that leads nowhere, so that a call which names no context fails instead of finding some cluster.
 */
export const toolEnvironment = async (
  home: string,
  tools: Partial<Record<string, Built>>,
): Promise<Record<string, string>> => {
  await mkdir(join(home, '.kube'), { recursive: true });
  const nowhere = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'nowhere',
    contexts: [{ name: 'nowhere', context: { cluster: 'nowhere', user: 'nowhere' } }],
    clusters: [{ name: 'nowhere', cluster: { server: 'https://127.0.0.1:9' } }],
    // A user without any credentials would make kubectl ask for a name.
    users: [{ name: 'nowhere', user: { token: 'nowhere' } }],
  };
  await writeFile(join(home, '.kube/config'), JSON.stringify(nowhere), { mode: 0o600 });
  return {
    PATH: pathOf(tools),
    HOME: home,
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local/share'),
    NO_COLOR: '1',
    SOPS_DISABLE_VERSION_CHECK: 'true',
    HELMFILE_UPGRADE_NOTICE_DISABLED: 'true',
  };
};

/** A chart reference that was rewritten, and where. */
export type Rewritten = { file: string; reference: string; folder: string };

const helmfilesUnder = async (root: string): Promise<string[]> => {
  const entries = await readdir(join(root, 'bootstrap'), { recursive: true, withFileTypes: true });
  return entries
    .filter(
      (entry) =>
        entry.isFile() && /\.ya?ml(\.gotmpl)?$/.test(entry.name) && basename(entry.parentPath) === 'helmfile.d',
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
};

type Release = { name: string; chart: string; version?: string };

const releasesOf = (text: string): Release[] =>
  parseAllDocuments(text).flatMap((document) => (document.toJS() as { releases?: Release[] } | null)?.releases ?? []);

/**
 * Copies a repository to `target` and makes its helmfiles use the charts of charts/mapping.yaml. Everything else
 * stays as it is, and the copy is a Git repository with one commit, as a clean work tree.
 *
 * A chart that is not in the table, or that the repository wants in another version than the table has, is an error.
 */
export const prepareRepository = async (source: string, target: string): Promise<Rewritten[]> => {
  const charts = await chartFolders();
  await cp(source, target, { recursive: true, filter: (path) => !['.git', '.coldstart'].includes(basename(path)) });
  const rewritten: Rewritten[] = [];
  for (const path of await helmfilesUnder(target)) {
    const file = relative(target, path);
    let text = await readFile(path, 'utf8');
    for (const release of releasesOf(text)) {
      const chart = charts.get(release.chart);
      const where = `${file}: release ${release.name}: chart ${release.chart}`;
      if (!chart) throw new Error(`${where} is not in test/real/charts/mapping.yaml`);
      if (release.version !== chart.version) {
        throw new Error(`${where}: version ${release.version}, and test/real/charts/mapping.yaml has ${chart.version}`);
      }
      const lines = text.split('\n');
      const at = lines.findIndex(
        (line) => /^\s*(- )?chart:\s/.test(line) && line.trimEnd().endsWith(` ${release.chart}`),
      );
      if (at < 0) throw new Error(`${where} stands on no line of its own`);
      lines[at] = lines[at]?.replace(release.chart, () => chart.folder) ?? '';
      text = lines.join('\n');
      rewritten.push({ file, reference: release.chart, folder: chart.folder });
    }
    await writeFile(path, text);
  }
  if (rewritten.length === 0) throw new Error(`${source} has no helmfile with a release under bootstrap/*/helmfile.d`);
  await commit(target);
  return rewritten;
};

/** Makes a folder a Git repository with one commit of all that is not ignored. */
export const commit = async (root: string): Promise<void> => {
  const identity = { GIT_AUTHOR_NAME: 'test', GIT_AUTHOR_EMAIL: 'test@example.com' };
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: root,
    GIT_CONFIG_NOSYSTEM: '1',
    ...identity,
    GIT_COMMITTER_NAME: identity.GIT_AUTHOR_NAME,
    GIT_COMMITTER_EMAIL: identity.GIT_AUTHOR_EMAIL,
  };
  for (const argv of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    ['commit', '-q', '-m', 'A copy for a test'],
  ]) {
    await must('git', argv, { cwd: root, env, deadline: 30_000 });
  }
};

type Talconfig = {
  clusterName: string;
  clusterSvcNets?: string[];
  nodes: { hostname: string; ipAddress: string; controlPlane: boolean }[];
};

/** What the control plane here needs to know of a cluster, from the repository's talconfig.yaml. */
export const clusterOf = async (
  root: string,
  cluster: string,
): Promise<{ context: string; serviceRange: string; nodes: NodeSpec[] }> => {
  const path = join(root, 'clusters', cluster, 'talos/talconfig.yaml');
  const talconfig = parse(await readFile(path, 'utf8')) as Talconfig;
  const serviceRange = talconfig.clusterSvcNets?.[0];
  if (serviceRange === undefined) throw new Error(`${path} has no clusterSvcNets`);
  return {
    context: talconfig.clusterName,
    serviceRange,
    nodes: talconfig.nodes.map(({ hostname, ipAddress, controlPlane }) => ({
      name: hostname,
      role: controlPlane ? 'controlplane' : 'worker',
      address: ipAddress,
    })),
  };
};
