import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import type { HelmRelease } from '../../kubernetes/releases.ts';
import { chartName } from '../../kubernetes/charts/index.ts';
import type { Model } from '../../model.ts';
import { draw } from '../../kubernetes/durations.ts';
import { access, API_CALL } from '../common/access.ts';
import { type Flags, flag, flags, type FlagTable, goDuration, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { chartProblem, pulledLines } from './charts.ts';
import { ansic, goTime } from './times.ts';
import { unreached } from './unreached.ts';
import { upgradeInstall } from './upgrade.ts';

const GLOBAL: FlagTable = {
  kubeconfig: flag(),
  'kube-context': flag(),
  'kube-apiserver': flag(),
  namespace: flag('n'),
  debug: toggle(),
  'registry-config': flag(),
};
const LIST: FlagTable = {
  ...GLOBAL,
  'all-namespaces': toggle('A'),
  output: flag('o'),
  filter: flag('f'),
  deployed: toggle(),
  failed: toggle(),
  pending: toggle(),
  uninstalling: toggle(),
  uninstalled: toggle(),
  superseded: toggle(),
  short: toggle('q'),
  max: flag('m'),
};
const INSTALL: FlagTable = {
  ...GLOBAL,
  version: flag(),
  values: flags('f'),
  wait: { kind: 'value', bare: 'watcher' },
  timeout: flag(),
  install: toggle('i'),
  'create-namespace': toggle(),
};

const SHOW: FlagTable = {
  ...GLOBAL,
  version: flag(),
  repo: flag(),
  'plain-http': toggle(),
  'insecure-skip-tls-verify': toggle(),
};

/** helm 4.3.1 over the world's control planes. Charts are stand-ins (`kubernetes/charts`); a chart on the disk is not rendered. */
export const helm: SimulatedTool = {
  name: 'helm',
  version: '4.3.1',
  async run(model, call) {
    const name = call.argv.find((word) => Object.hasOwn(COMMANDS, word));
    const command = name === undefined ? undefined : COMMANDS[name];
    if (name === undefined || command === undefined) return notSimulated('helm', call.argv);
    const parsed = parseFlags(call.argv, command.table);
    if ('problem' in parsed) return failed(`Error: ${parsed.problem}`);
    return command.run(model, call, { ...parsed, words: parsed.words.slice(1) });
  },
};

type Run = (model: Model, call: ToolCall, flags: Flags) => Promise<ToolResult>;

const COMMANDS: Record<string, { table: FlagTable; run: Run }> = {
  version: { table: { ...GLOBAL, short: toggle() }, run: async () => printed('v4.3\n') },
  show: { table: SHOW, run: show },
  list: { table: LIST, run: inCluster(list) },
  ls: { table: LIST, run: inCluster(list) },
  status: { table: { ...GLOBAL, output: flag('o') }, run: inCluster(status) },
  history: { table: { ...GLOBAL, output: flag('o'), max: flag() }, run: inCluster(history) },
  get: { table: { ...GLOBAL, output: flag('o'), all: toggle('a') }, run: inCluster(get) },
  uninstall: {
    table: { ...GLOBAL, wait: { kind: 'value', bare: 'watcher' }, timeout: flag(), 'ignore-not-found': toggle() },
    run: inCluster(uninstall),
  },
  install: { table: INSTALL, run: inCluster(install) },
  upgrade: { table: INSTALL, run: inCluster(upgrade) },
};

async function show(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const [what, chart = ''] = flags.words;
  if (what !== 'chart') return notSimulated('helm', call.argv);
  const [version, index, name] = [flags.value('version'), flags.value('repo'), chartName(chart)];
  await call.spend(draw(model.random, 'chart fetched by helm', chart));
  const why = chartProblem(model, call, { name, chart, version, index });
  if (why !== undefined) return failed(`Error: ${why}`);
  if (!chart.includes('://') && index === undefined)
    model.assumed.add(`chart ${chart}: helm is taken to know the repository ${chart.split('/')[0]}`);
  const known = version !== undefined && /^v?\d+\.\d+\.\d+/.test(version) ? version : '0.1.0';
  return printed(
    `apiVersion: v2\nappVersion: ${known}\nname: ${name}\nversion: ${known}\n\n`,
    chart.startsWith('oci://') ? pulledLines(model, `${chart.slice('oci://'.length)}:${known}`) : '',
  );
}

function inCluster(
  run: (plane: ControlPlane, model: Model, call: ToolCall, flags: Flags) => ToolResult | Promise<ToolResult>,
): Run {
  return async (model, call, flags) => {
    await call.spend(API_CALL);
    const server = flags.value('kube-apiserver');
    const reached = access(model, call, 'helm', {
      kubeconfig: flags.value('kubeconfig'),
      context: flags.value('kube-context'),
      server,
    });
    if (reached.how !== 'open') return failed(`Error: ${await unreached(call, reached)}`);
    return run(reached.plane, model, call, flags);
  };
}

const STATES = ['deployed', 'failed', 'pending', 'uninstalling', 'uninstalled', 'superseded'];

function list(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): ToolResult {
  const states = STATES.filter((state) => flags.on(state));
  const shown = plane.releases
    .all()
    .filter((release) => flags.on('all-namespaces') || release.namespace === (flags.value('namespace') ?? 'default'))
    .filter((release) => new RegExp(flags.value('filter') ?? '').test(release.name))
    .filter(
      (release) =>
        states.length === 0 ||
        states.some((state) => release.status === state || release.status.startsWith(`${state}-`)),
    )
    .toSorted((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  if (flags.on('short')) return printed(shown.map((release) => `${release.name}\n`).join(''));
  if (flags.value('output') !== 'json') return notSimulated('helm', call.argv, 'list as a table');
  const rows = shown.map((release) => ({
    name: release.name,
    namespace: release.namespace,
    revision: String(release.revision),
    updated: goTime(model.clock.wall(release.updated)),
    status: release.status,
    chart: `${release.chart}-${release.version}`,
    app_version: release.appVersion,
  }));
  return printed(`${JSON.stringify(rows)}\n`);
}

function found(plane: ControlPlane, flags: Flags, name: string): HelmRelease | ToolResult {
  return plane.releases.last(flags.value('namespace') ?? 'default', name) ?? failed('Error: release: not found');
}

function status(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): ToolResult {
  const release = found(plane, flags, flags.words[0] ?? '');
  if ('exit' in release) return release;
  if (flags.value('output') !== 'json') return notSimulated('helm', call.argv, 'status as text');
  const { name, namespace, revision, values, description } = release;
  const info = {
    first_deployed: model.clock.wall(release.first),
    last_deployed: model.clock.wall(release.updated),
    description,
    status: release.status,
    notes: '',
  };
  return printed(`${JSON.stringify({ name, info, config: values, manifest: '', version: revision, namespace })}\n`);
}

function history(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): ToolResult {
  const all = plane.releases.history(flags.value('namespace') ?? 'default', flags.words[0] ?? '');
  if (all.length === 0) return failed('Error: release: not found');
  if (flags.value('output') !== 'json') return notSimulated('helm', call.argv, 'history as a table');
  const rows = all.map((release) => ({
    revision: release.revision,
    updated: model.clock.wall(release.updated),
    status: release.status,
    chart: `${release.chart}-${release.version}`,
    app_version: release.appVersion,
    description: release.description,
  }));
  return printed(`${JSON.stringify(rows)}\n`);
}

function get(plane: ControlPlane, _model: Model, call: ToolCall, flags: Flags): ToolResult {
  const [what, name = ''] = flags.words;
  const release = found(plane, flags, name);
  if ('exit' in release) return release;
  if (what !== 'values' || flags.value('output') !== 'json') return notSimulated('helm', call.argv);
  return printed(`${JSON.stringify(release.values)}\n`);
}

function uninstall(plane: ControlPlane, _model: Model, call: ToolCall, flags: Flags): ToolResult {
  const [name = ''] = flags.words;
  const namespace = flags.value('namespace') ?? 'default';
  const release = plane.releases.last(namespace, name);
  if (release === undefined)
    return flags.on('ignore-not-found')
      ? printed(`release "${name}" uninstalled\n`)
      : failed(`Error: uninstall: Release not loaded: ${name}: release: not found`);
  call.target(`${namespace}/${name}`);
  call.change.made(`release ${namespace}/${name} uninstalled`);
  for (const stored of plane.objectsOf(release)) {
    const type = plane.served(stored.object.apiVersion, stored.object.kind);
    if (type && type.kind !== 'CustomResourceDefinition')
      plane.store.remove(type, stored.object.metadata.namespace, stored.object.metadata.name);
  }
  plane.releases.removeAll(namespace, name);
  return printed(`release "${name}" uninstalled\n`);
}

async function install(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const [name = '', chart = ''] = flags.words;
  const namespace = flags.value('namespace') ?? 'default';
  const frame = (text: string): ToolResult => failed(`Error: INSTALLATION FAILED: ${text}`);
  const missing = chartProblem(model, call, { name, chart, version: flags.value('version') });
  if (missing !== undefined) return frame(missing);
  if (plane.releases.last(namespace, name) !== undefined) {
    const why = 'cannot reuse a name that is still in use';
    return failed(
      `level=ERROR msg="release name check failed" error="${why}"\nError: INSTALLATION FAILED: release name check failed: ${why}`,
    );
  }
  return put(plane, model, call, flags, { name, namespace, chart }, frame);
}

async function upgrade(plane: ControlPlane, model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const [name = '', chart = ''] = flags.words;
  const namespace = flags.value('namespace') ?? 'default';
  if (!flags.on('install') && plane.releases.last(namespace, name) === undefined)
    return failed(`Error: UPGRADE FAILED: "${name}" has no deployed releases`);
  const missing = chartProblem(model, call, { name, chart, version: flags.value('version') });
  if (missing !== undefined) return failed(`Error: ${missing}`);
  return put(plane, model, call, flags, { name, namespace, chart }, (text) => failed(`Error: ${text}`));
}

async function put(
  plane: ControlPlane,
  model: Model,
  call: ToolCall,
  flags: Flags,
  what: { name: string; namespace: string; chart: string },
  frame: (text: string) => ToolResult,
): Promise<ToolResult> {
  if (flags.has('values')) return notSimulated('helm', call.argv, 'values files outside helmfile');
  const wanted = {
    name: what.name,
    namespace: what.namespace,
    chart: chartName(what.chart),
    version: flags.value('version') ?? '0.1.0',
    values: {},
  };
  const options = {
    wait: flags.has('wait'),
    timeout: goDuration(flags.value('timeout') ?? '5m') ?? 300_000,
    createNamespace: flags.on('create-namespace'),
  };
  const done = await upgradeInstall(plane, call, wanted, options);
  if ('error' in done) return frame(done.error);
  return printed(notes(model, done.release));
}

/** What helm prints of a release; the chart's own NOTES are not known here. */
export function notes(model: Model, release: HelmRelease): string {
  return [
    `NAME: ${release.name}`,
    `LAST DEPLOYED: ${ansic(model.clock.wall(release.updated))}`,
    `NAMESPACE: ${release.namespace}`,
    `STATUS: ${release.status}`,
    `REVISION: ${release.revision}`,
    `DESCRIPTION: ${release.description}`,
    '',
  ].join('\n');
}
