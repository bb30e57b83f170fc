import { EXIT, type Files, Problem } from '@coldstart/contract';
import { CLUSTER_NAME } from '../config/schema.ts';

const WHERE = ['clusters', 'kubernetes/clusters', 'bootstrap'];
/** Folders under `bootstrap/` that are parts of a bootstrap, not clusters. */
const PARTS = new Set([
  'helmfile',
  'helmfile.d',
  'templates',
  'resources',
  'flux',
  'talos',
  'secrets',
  'crds',
  'scripts',
  'vars',
]);

/** Names of clusters that the repository's folders tell, sorted: those below `clusters/`, `kubernetes/clusters/` and `bootstrap/`. */
export async function findClusters(files: Files): Promise<string[]> {
  const found = new Set<string>();
  for (const folder of WHERE) {
    for (const path of await files.list(folder)) {
      const [name, ...rest] = path.split('/');
      if (name === undefined || rest.length === 0 || PARTS.has(name) || !CLUSTER_NAME.test(name)) continue;
      found.add(name);
    }
  }
  return [...found].sort();
}

/** Refuses a cluster that is not there, naming those that are. Where nothing tells which there are, the surveys decide. */
export function checkCluster(name: string, known: readonly string[]): void {
  const there = known.length > 0 ? `the clusters here are ${known.join(', ')}` : 'name the cluster, e.g. infra';
  if (name === '')
    throw new Problem('no cluster is named', {
      exit: EXIT.usage,
      remedy: `${there}; name one as argument or in CLUSTER`,
    });
  if (!CLUSTER_NAME.test(name)) {
    throw new Problem(`"${name}" is not a cluster's name`, {
      exit: EXIT.usage,
      remedy: `a name has lower-case letters, digits and dashes, and begins with a letter or digit; ${there}`,
    });
  }
  if (known.length > 0 && !known.includes(name)) {
    throw new Problem(`there is no cluster "${name}"`, { exit: EXIT.usage, remedy: there });
  }
}
