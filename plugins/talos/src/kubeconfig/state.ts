import type { Facts, Reader, Signal } from '@coldstart/contract';
import { clusterOf, controlPlanesOf, kubeconfigOf } from '../facts.ts';
import { askApi, serverAt } from '../kubernetes.ts';
import { contextOf, parseKubeconfig } from './read.ts';

/** How the operators' kubeconfig stands to this cluster. */
export type KubeconfigState = {
  /** What has to be done: nothing, or why its context must be written. */
  stale: string | null;
  server: string | null;
  /** The context of this name leads to a cluster with another CA: it will be replaced. */
  foreign: boolean;
  signals: Signal[];
};

/** Reads the operators' file and tries its context. Not answering is no reason to write it again. */
export async function kubeconfigState(world: Reader, facts: Facts): Promise<KubeconfigState> {
  const { path, context } = kubeconfigOf(facts);
  const cluster = clusterOf(facts);
  const signal = (expected: Signal['expected'], observed: Signal['observed'], ok: boolean, source = path): Signal => ({
    name: 'kubeconfig',
    subject: context,
    expected,
    observed,
    ok,
    source,
  });
  const stale = (why: string, foreign = false): KubeconfigState => ({
    stale: why,
    server: null,
    foreign,
    signals: [signal('a context that works', why, false)],
  });

  const bytes = await world.read(path);
  if (!bytes) return stale('the file is not there');
  const found = contextOf(parseKubeconfig(bytes), context);
  if (!found) return stale('it has no such context');
  if (found.caFingerprint !== cluster.kubernetesCaFingerprint)
    return stale("it trusts another CA than the repository's", found.caFingerprint !== null);
  if (!found.credentials) return stale('it has no credentials');
  if (found.validTo !== null && found.validTo <= Date.parse(world.now())) return stale('its certificate has ended');
  const servers = [cluster.endpoint, ...controlPlanesOf(facts).map((node) => serverAt(node.address))];
  if (!servers.includes(found.server.replace(/\/$/, '')))
    return stale(`its address ${found.server} is none of this cluster's`);

  const answer = await askApi(world, { path, context }, '/version');
  const works = signal(
    'the API accepts it, or is not up yet',
    answer.ok ? 'the API accepts it' : answer.why,
    answer.ok || answer.kind !== 'rejected',
    'kubectl get --raw /version',
  );
  return {
    stale: answer.ok || answer.kind !== 'rejected' ? null : `the API rejects it: ${answer.why}`,
    server: found.server,
    foreign: false,
    signals: [
      signal("the repository's CA", "the repository's CA", true),
      signal('an address of this cluster', found.server, true),
      ...(await modeSignal(world, path)),
      works,
    ],
  };
}

async function modeSignal(world: Reader, path: string): Promise<Signal[]> {
  const stat = await world.stat(path);
  if (!stat) return [];
  const mode = stat.mode & 0o777;
  return [
    {
      name: 'kubeconfig mode',
      subject: path,
      expected: '600',
      observed: mode.toString(8),
      ok: (mode & 0o077) === 0,
      source: path,
    },
  ];
}
