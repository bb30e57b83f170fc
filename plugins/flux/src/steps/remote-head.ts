import type { CheckingStep, Facts, Observation, Signal } from '@coldstart/contract';
import { dig, list, readYaml, str } from '@coldstart/tools';
import { policyFrom, sourceFrom, type FluxSource } from '../facts.ts';
import { compareCharts, type Compared, type Planned } from '../remote/charts.ts';
import { branchHead } from '../remote/head.ts';
import { manifestsFrom, type Manifest } from '../remote/reach.ts';
import { openTree, Unreadable, type Tree } from '../remote/tree.ts';

/**
 * The branch that Flux reads holds the cluster's path and the charts that are planned (E1). Whoever bootstraps from a checkout
 * with commits that were never pushed gets a cluster that Flux takes back to the older branch a moment later.
 *
 * Only the branch's commit is asked of the remote; what stands in it is read out of this clone's own objects, so that nothing is
 * fetched. A commit that this clone does not have is somebody else's newer work, and refused like any other difference.
 * Where the remote cannot be seen with the operator's access, the look is `unknown`, which does not hold the run up unless
 * `flux.remoteHead.required` says so: the deploy key is tried later.
 */
export const remoteHead: CheckingStep = {
  id: 'flux/remote-head',
  kind: 'preflight',
  phase: 'core',
  title: 'The branch that Flux reads is what is planned',
  needs: ['flux/source', 'flux/policy'],
  provides: [],
  tolerate: (facts) => (policyFrom(facts).remoteHead.required ? 0 : 1),
  observe: async ({ facts, world }) => {
    const source = sourceFrom(facts);
    const { url, branch } = source;
    const head = await branchHead(world, { url, branch, deadline: policyFrom(facts).remoteHead.deadline });
    if (head.is === 'unknown') return unknown(`the branch ${branch} of ${url} was not seen from here: ${head.why}`);
    if (head.is === 'absent')
      return refused(
        [signal('branch', branch, 'there', 'not there', url)],
        `the remote ${url} has no branch ${branch}, which Flux is to read`,
        `Push it (\`git push ${url} HEAD:refs/heads/${branch}\`), or name the right branch in ${source.manifest}.`,
      );
    const short = head.commit.slice(0, 12);
    const opened = await openTree(world, head.commit);
    if (opened.is === 'unknown')
      return unknown(`what stands in ${branch} at ${short} could not be read: ${opened.why}`);
    if (opened.is === 'missing')
      return refused(
        [signal('commit', branch, 'known to this clone', short, url)],
        `${branch} of ${url} stands at ${short}, which this clone does not have: Flux will read what was never compared with the plan`,
        `Fetch it (\`git fetch ${url} ${branch}\`), and run the same command again: it compares.`,
      );
    try {
      return await judge(facts, source, short, opened.tree);
    } catch (error) {
      if (error instanceof Unreadable) return unknown(error.message);
      throw error;
    }
  },
  criteria: [
    {
      id: 'flux-remote-head',
      title: 'the branch that Flux reads holds the path and the planned charts',
      needs: 'lab-wire',
    },
  ],
};

async function judge(facts: Facts, source: FluxSource, short: string, tree: Tree): Promise<Observation> {
  const { branch, path } = source;
  const at = `${branch} at ${short}`;
  const shownPath = path === '' ? 'the root' : path;
  const there = tree.has(path);
  const signals = [signal('path', shownPath, 'there', there ? 'there' : 'not there', at)];
  const remedy = `If this checkout is the newer: commit, and \`git push ${source.url} HEAD:refs/heads/${branch}\`. If the branch is: check it out (\`git pull\`). Then run the same command again.`;
  if (!there) return refused(signals, `${at} has no ${shownPath}, where Flux is to enter`, remedy);
  const manifests = await manifestsFrom(tree, path, source);
  const compared = compareCharts(plannedIn(facts), manifests, await helmfilesIn(facts, tree));
  signals.push(
    ...compared
      .filter((c) => c.is === 'same' || c.is === 'differs')
      .map((c) => signal('chart', c.id, c.planned, c.there, `${at}, ${c.file ?? ''}`, c.is === 'same')),
  );
  const differs = compared.filter((c) => c.is === 'differs');
  const open = compared.filter((c) => c.is === 'open' || c.is === 'elsewhere');
  const deviations = open.length === 0 ? [] : [`not compared with ${branch}: ${open.map(why).join('; ')}`];
  if (differs.length === 0) return { state: 'done', signals, deviations };
  return {
    ...refused(
      signals,
      `${at} holds other charts than are planned: ${differs.map((c) => `${c.id} is ${c.there} there (${c.file ?? ''}), planned is ${c.planned}`).join('; ')}`,
      remedy,
    ),
    deviations,
  };
}

const why = (c: Compared): string =>
  c.is === 'open' ? `${c.id} (${c.there} there, planned is ${c.planned})` : `${c.id} (not on the branch)`;

const unknown = (cause: string): Observation => ({
  state: 'unknown',
  signals: [],
  cause,
  remedy:
    'Give this machine access to the repository (an ssh key or agent that the Git server knows), and run the same command again.',
  page: 'remote-head',
});

const refused = (signals: Signal[], cause: string, remedy: string): Observation => ({
  state: 'blocked',
  refuse: true,
  signals,
  cause,
  remedy,
  page: 'remote-head',
});

const signal = (
  name: string,
  subject: string,
  expected: string,
  observed: string,
  source: string,
  ok = expected === observed,
): Signal => ({ name, subject, expected, observed, ok, source });

/** What the plan installs; nothing where the helmfiles' survey is not installed. */
function plannedIn(facts: Facts): Planned[] {
  return ['helmfile/releases', 'helmfile/crd-releases']
    .flatMap((name) => (Array.isArray(facts[name]) ? facts[name] : []))
    .filter((release) => dig(release, 'installed') !== false)
    .flatMap((release) => {
      const [name, namespace, chart] = ['name', 'namespace', 'chart'].map((key) => str(release, key));
      return name === undefined || namespace === undefined || chart === undefined
        ? []
        : [{ name, namespace, chart, version: str(release, 'version') ?? null }];
    });
}

async function helmfilesIn(facts: Facts, tree: Tree): Promise<Manifest[]> {
  const paths = ['apps', 'crds'].flatMap((key) => str(facts['helmfile/files'], key) ?? []);
  const texts = await tree.read(paths);
  return [...texts].flatMap(([file, bytes]) =>
    readYaml(file, bytes)
      .documents.filter(({ value }) => list(value, 'releases').length > 0)
      .map(({ value }) => ({ file, value })),
  );
}
