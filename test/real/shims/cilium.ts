/**
 * A SHIM, not Cilium's tool, which cannot be built here. It answers `cilium version`, `status` and `config view` of the
 * cluster that kubeconfig and context lead to, whose objects it reads with the real kubectl; what the tool would ask the agents
 * themselves it makes up from their pods, as the lab's does.
 */
import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ControlPlane } from '../../../plugins/lab/src/kubernetes/control-plane.ts';
import { BUILT_IN } from '../../../plugins/lab/src/kubernetes/kinds.ts';
import type { ResourceType } from '../../../plugins/lab/src/kubernetes/kinds.ts';
import type { KubeObject } from '../../../plugins/lab/src/kubernetes/object.ts';
import { look } from '../../../plugins/lab/src/tools/cilium/look.ts';
import type { Status } from '../../../plugins/lab/src/tools/cilium/look.ts';
import { report } from '../../../plugins/lab/src/tools/cilium/report.ts';
import { flag, goDuration, parseFlags, toggle } from '../../../plugins/lab/src/tools/common/flags.ts';
import type { Flags } from '../../../plugins/lab/src/tools/common/flags.ts';
import { LABEL } from './label.ts';

const table = {
  kubeconfig: flag(),
  context: flag(),
  namespace: flag('n'),
  'helm-release-name': flag(),
  wait: toggle(),
  'wait-duration': flag(),
  output: flag('o'),
  client: toggle(),
};

const CLIENT =
  'cilium-cli:  compiled with go1.26.8 on linux/amd64\ncilium image (default): v1.19.5\ncilium image (stable): unknown\n';

/** As the tool ends: everything that goes wrong is one line after an empty one, and exit 1. */
const fail = (text: string, shown = ''): never => {
  process.stdout.write(shown);
  process.stderr.write(`\nError: ${text}\n`);
  process.exit(1);
};

type Listed = { items: (KubeObject & { kind: string })[] };

const ask = (flags: Flags, what: string, argv: readonly string[]): Listed => {
  const access = ['kubeconfig', 'context'].flatMap((name) => {
    const value = flags.value(name);
    return value === undefined ? [] : [`--${name}`, value];
  });
  const done = spawnSync('kubectl', [...access, '--request-timeout=20s', 'get', '-o', 'json', ...argv], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (done.status === 0) return JSON.parse(done.stdout) as Listed;
  return fail(`${what}: ${done.stderr.trim().replace(/^error: |^Error from server[^:]*: /, '')}`);
};

/** `chart.metadata.version` of the release `cilium`, as helm keeps it. */
const chartOf = (secrets: readonly KubeObject[]): { name: string; namespace: string; version: string }[] =>
  secrets
    .filter(({ metadata: { labels } }) => labels?.['name'] === 'cilium' && labels['status'] === 'deployed')
    .map((secret) => {
      const { data } = secret as unknown as { data: { release: string } };
      const packed = Buffer.from(Buffer.from(data.release, 'base64').toString('latin1'), 'base64');
      const { chart } = JSON.parse(gunzipSync(packed).toString('utf8')) as { chart: { metadata: { version: string } } };
      return { name: 'cilium', namespace: secret.metadata.namespace ?? '', version: chart.metadata.version };
    });

/** The cluster's objects, as the lab's own look reads them. */
const snapshot = (flags: Flags, what: string): ControlPlane => {
  const namespace = namespaceOf(flags);
  const { items: pods } = ask(flags, what, ['pods', '-A']);
  const { items } = ask(flags, what, ['daemonsets,deployments,configmaps', '-n', namespace]);
  const { items: secrets } = ask(flags, what, ['secrets', '-n', namespace, '-l', 'owner=helm,name=cilium']);
  const objects = [...pods, ...items];
  const of = (type: ResourceType): KubeObject[] => objects.filter(({ kind }) => kind === type.kind);
  const plane = {
    types: () => [...BUILT_IN],
    list: of,
    get: (type: ResourceType, inside: string | undefined, name: string) =>
      of(type).find(({ metadata }) => metadata.name === name && metadata.namespace === inside),
    releases: { all: () => chartOf(secrets) },
  };
  return plane as unknown as ControlPlane;
};

const namespaceOf = (flags: Flags): string => flags.value('namespace') ?? 'kube-system';

const status = async (flags: Flags): Promise<void> => {
  const what = 'Unable to determine status';
  const show = (seen: Status): string =>
    flags.value('output') === 'json' ? `${JSON.stringify(seen.json, null, 1)}\n` : report(seen);
  const now = (): Status => look(snapshot(flags, what), namespaceOf(flags));
  const until = performance.now() + (goDuration(flags.value('wait-duration') ?? '5m') ?? 300_000);
  let seen = now();
  if (!flags.on('wait')) return void process.stdout.write(show(seen));
  while (seen.errors.length > 0 && performance.now() < until) {
    await sleep(Math.min(2000, Math.max(0, until - performance.now())));
    seen = now();
  }
  if (seen.errors.length > 0)
    fail(`${what}:  timeout while waiting for status to become successful: context deadline exceeded`, show(seen));
  process.stdout.write(show(seen));
};

const configView = (flags: Flags): void => {
  const what = 'Unable to view configuration';
  const { items } = ask(flags, what, ['configmaps', '-n', namespaceOf(flags)]);
  const found = items.find(({ metadata }) => metadata.name === 'cilium-config') as unknown as
    | { data: Record<string, string> }
    | undefined;
  if (!found) return fail(`${what}: unable get ConfigMap "cilium-config": configmaps "cilium-config" not found`);
  const keys = Object.keys(found.data).toSorted();
  const width = Math.max(...keys.map((key) => key.length));
  process.stdout.write(keys.map((key) => `${key.padEnd(width + 4)}${found.data[key]}\n`).join(''));
};

const flags = parseFlags(process.argv.slice(2), table);
if ('problem' in flags) fail(flags.problem);
else {
  const [command, below] = flags.words;
  if (command === 'version') process.stdout.write(`${CLIENT}${LABEL}\n`);
  else if (command === 'status') await status(flags);
  else if (command === 'config' && below === 'view') configView(flags);
  else fail(`the shim does not play \`cilium ${flags.words.join(' ')}\``);
}
