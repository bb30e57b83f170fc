import { posix } from 'node:path';
import { chartName } from '../../kubernetes/charts/index.ts';
import { draw } from '../../kubernetes/durations.ts';
import { type Wanted } from '../../kubernetes/install.ts';
import { render } from '../../kubernetes/charts/index.ts';
import { toYaml } from '../../kubernetes/manifests/yaml.ts';
import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import type { Model } from '../../model.ts';
import { type Access, access, API_CALL } from '../common/access.ts';
import { type Flags, flag, flags, type FlagTable, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { isFolder } from '../helm/charts.ts';
import { notes } from '../helm/index.ts';
import { goTime } from '../helm/times.ts';
import { unreached } from '../helm/unreached.ts';
import { upgradeInstall } from '../helm/upgrade.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { helmAccess, named, versionOf } from './argv.ts';
import { chartPlace, charts, pulledChart } from './charts.ts';
import { order } from './order.ts';
import { helmFailed, summary } from './say.ts';
import { placeOf, readStates, type State, StateError, type StateRelease, Unplayed, valuesOf } from './state.ts';

const TABLE: FlagTable = {
  file: flag('f'),
  environment: flag('e'),
  selector: { kind: 'value', short: 'l' },
  kubeconfig: flag(),
  'kube-context': flag(),
  namespace: flag('n'),
  quiet: toggle('q'),
  'log-level': flag(),
  'no-color': toggle(),
  color: toggle(),
  debug: toggle(),
  'disable-force-update': toggle(),
  'skip-refresh': toggle(),
  'skip-deps': toggle(),
  'skip-needs': toggle(),
  'include-needs': toggle(),
  'include-crds': toggle(),
  'skip-crds': toggle(),
  'skip-tests': toggle(),
  'skip-schema-validation': toggle(),
  'kube-version': flag(),
  concurrency: flag(),
  output: flag(),
  version: toggle('v'),
  'helm-binary': flag('b'),
  'allow-no-matching-release': toggle(),
  wait: toggle(),
  args: flag(),
  set: flags(),
  'state-values-set': flags(),
};

/** helmfile 1.8.0 (with helm 4.3.1). It reads the operator's own state files; charts are the lab's stand-ins. */
export const helmfile: SimulatedTool = {
  name: 'helmfile',
  version: '1.8.0',
  async run(model, call) {
    const parsed = parseFlags(call.argv, TABLE);
    if ('problem' in parsed) return notSimulated('helmfile', call.argv, parsed.problem);
    const [command] = parsed.words;
    if (command === undefined && parsed.on('version')) return printed('helmfile version v1.8.0\n');
    if (command === 'version') return notSimulated('helmfile', call.argv, 'ask `helmfile --version`');
    if (parsed.has('args') || parsed.has('set') || parsed.has('state-values-set'))
      return notSimulated('helmfile', call.argv);
    try {
      if (command === 'template') return await template(model, call, parsed);
      if (command === 'sync') return await sync(model, call, parsed);
      if (command === 'list') return list(model, call, parsed);
    } catch (error) {
      if (error instanceof StateError) return failed(error.message);
      if (error instanceof Unplayed) return notSimulated('helmfile', call.argv, error.message);
      throw error;
    }
    return notSimulated('helmfile', call.argv);
  },
};

type Chosen = { state: State; releases: StateRelease[] };

function chosen(model: Model, call: ToolCall, flags: Flags): Chosen[] {
  const file = flags.value('file') ?? 'helmfile.yaml';
  const environment = flags.value('environment') ?? 'default';
  return readStates(call, file, environment, (folder) => model.files.list(folder)).map((state) => ({
    state,
    releases: state.releases.filter((release) => matches(release, flags.values('selector'))),
  }));
}

/** `-l a=b,c!=d`: all of one selector, any of several. */
function matches(release: StateRelease, selectors: string[]): boolean {
  if (selectors.length === 0) return true;
  const labels = labelsOf(release);
  return selectors.some((selector) =>
    selector.split(',').every((term) => {
      const [, key = '', sign, value = ''] = /^([^!=]+)(!?=)(.*)$/.exec(term) ?? [];
      return (labels[key] === value) === (sign === '=');
    }),
  );
}

const labelsOf = (release: StateRelease): Record<string, string> => ({
  ...release.labels,
  chart: chartName(release.chart),
  name: release.name,
  namespace: release.namespace,
});

function nothing(flags: Flags): ToolResult {
  const selector = flags.values('selector').join(' ');
  return failed(
    `err: no releases found that matches specified selector(${selector}) and environment(${flags.value('environment') ?? 'default'}), in any helmfile`,
    '',
    flags.on('allow-no-matching-release') ? 0 : 3,
  );
}

function wantedOf(model: Model, call: ToolCall, state: State, release: StateRelease): Wanted {
  const { values, unknown } = valuesOf(call, state, release);
  for (const what of unknown)
    model.assumed.add(`values of release ${release.namespace}/${release.name}: ${what}; taken as empty`);
  return {
    name: release.name,
    namespace: release.namespace || 'default',
    chart: chartName(release.chart),
    version: release.version ?? '0.1.0',
    values,
  };
}

async function template(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const parts = chosen(model, call, flags);
  if (parts.every((part) => part.releases.length === 0)) return nothing(flags);
  let stdout = '';
  let stderr = '';
  for (const { state, releases } of parts) {
    const there = releases.filter((release) => release.installed);
    const got = charts(model, call, flags, state, there);
    stderr += got.said;
    const here = placeOf(state.file);
    if (got.failed !== undefined) return failed(`${stderr}${got.failed}`);
    const ordered = order(there, state.releases, flags.value('kube-context'));
    if ('problem' in ordered)
      return failed(`${[...ordered.warnings, `${stderr}in ${here}: ${ordered.problem}`].join('\n')}`);
    for (const release of ordered.groups.flat()) {
      const missing = got.missing.get(release);
      if (missing !== undefined) {
        const argv = ['template', release.name, release.chart, ...versionOf(release), ...named(flags, 'kube-context')];
        const more = ['include-crds', 'skip-tests'].filter((flag) => flags.on(flag)).map((flag) => `--${flag}`);
        const whole = [...helmAccess(flags), ...argv, '--namespace', release.namespace, ...more];
        const error = `Error: ${isFolder(release.chart) ? `path "${release.chart}" not found` : missing}`;
        return failed(
          `${stderr}Templating release=${release.name}, chart=${release.chart}\n${helmFailed(here, whole, error)}`,
          stdout,
        );
      }
      const wanted = wantedOf(model, call, state, release);
      await call.spend(draw(model.random, 'chart rendered by helmfile', `${release.namespace}/${release.name}`));
      stderr += `Templating release=${release.name}, chart=${chartPlace(call, state, release)}\n`;
      stdout += rendered(model, wanted, flags.on('include-crds'));
    }
  }
  return { exit: 0, stdout, stderr };
}

/** What `helm template` prints of a stand-in. Definitions are part of every stand-in's templates, so they come either way. */
function rendered(model: Model, wanted: Wanted, _includeCrds: boolean): string {
  const { objects, known } = render(wanted, wanted.values);
  if (!known)
    model.assumed.add(
      `chart ${wanted.chart}: not known to the lab, taken as one Deployment ${wanted.namespace}/${wanted.name}`,
    );
  return objects.map((object) => `---\n# Source: ${wanted.chart}/templates/stand-in.yaml\n${toYaml(object)}`).join('');
}

async function sync(model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const context = flags.value('kube-context');
  const parts = chosen(model, call, flags);
  if (parts.every((part) => part.releases.length === 0)) return nothing(flags);
  let stderr = '';
  for (const { state, releases } of parts) {
    const done = await syncState(model, call, flags, state, releases, context);
    stderr += done.stderr;
    if (done.exit !== 0) return { exit: done.exit, stdout: '', stderr };
  }
  return { exit: 0, stdout: '', stderr };
}

async function syncState(
  model: Model,
  call: ToolCall,
  flags: Flags,
  state: State,
  releases: StateRelease[],
  context: string | undefined,
): Promise<ToolResult> {
  const here = placeOf(state.file);
  const there = releases.filter((release) => release.installed);
  const got = charts(model, call, flags, state, there);
  let stderr = got.said;
  if (got.failed !== undefined) return failed(`${stderr}${got.failed}`);
  const ordered = order(there, state.releases, context);
  if ('problem' in ordered) return failed([...ordered.warnings, `${stderr}in ${here}: ${ordered.problem}`].join('\n'));
  let wanted: Map<StateRelease, Wanted>;
  try {
    wanted = new Map(there.map((release) => [release, wantedOf(model, call, state, release)]));
  } catch (error) {
    if (error instanceof StateError) return failed(`${stderr}${error.message}`);
    throw error;
  }

  const updated: {
    release: StateRelease;
    duration: number;
    installed: Awaited<ReturnType<typeof upgradeInstall>> & object;
  }[] = [];
  for (const release of ordered.groups.flat()) {
    const chart = chartPlace(call, state, release);
    stderr += `Upgrading release=${release.name}, chart=${chart}, namespace=${release.namespace}\n`;
    const began = model.clock.now;
    const missing = got.missing.get(release);
    const reached = fromFolder(state, flags, (kubeconfig) => access(model, call, 'helmfile', { kubeconfig, context }));
    await call.spend(API_CALL);
    const result =
      reached.how !== 'open'
        ? { error: await unreached(call, reached), installed: false }
        : missing !== undefined
          ? notThere(reached.plane, release, chart, missing)
          : await upgradeInstall(reached.plane, call, wanted.get(release) as Wanted, {
              wait: release.wait || flags.on('wait'),
              timeout: release.timeout,
              createNamespace: release.createNamespace,
            });
    if ('error' in result) {
      // helmfile passes the signal on to helm, waits for it, and exits by the shell's convention.
      if ('signal' in result) return { exit: result.signal === 'SIGINT' ? 130 : 143, stdout: '', stderr };
      const row = { release, duration: model.clock.now - began };
      // Said once helm has looked for the release in the cluster.
      const first = result.installed ? `Release "${release.name}" does not exist. Installing it now.\n` : '';
      const where = `${here}: failed processing release ${release.name}`;
      const framed = helmFailed(
        where,
        upgradeArgv(model, call, flags, state, release),
        `Error: ${result.error}`,
        first,
      );
      return failed(`${stderr}${first}${summary('Failed', [row])}${framed}`);
    }
    updated.push({ release, duration: model.clock.now - began, installed: result });
    const { release: made } = result;
    stderr += result.installed
      ? `Release "${release.name}" does not exist. Installing it now.\n`
      : `Release "${release.name}" has been upgraded. Happy Helming!\n`;
    stderr += notes(model, made);
    stderr += `Listing releases matching ^${release.name}$\n`;
    stderr += `${[release.name.padEnd(4), made.namespace, String(made.revision).padEnd(8), goTime(model.clock.wall(made.updated)), made.status, `${made.chart}-${made.version}`, made.appVersion.padEnd(11)].join('\t')}\n`;
  }
  if (updated.length === 0) return printed('', stderr);
  const rows = updated.map(({ release, duration, installed }) => ({
    release,
    duration,
    ...('release' in installed ? { installed: installed.release } : {}),
  }));
  return printed('', `${stderr}${summary('Updated', rows)}`);
}

/** A chart that is none: a folder, by the name that helmfile gives it, looks to helm like a chart of a repository. */
const notThere = (
  plane: ControlPlane,
  release: StateRelease,
  chart: string,
  why: string,
): { error: string; installed: boolean } => ({
  error: isFolder(release.chart)
    ? `non-absolute URLs should be in form of repo_name/path_to_chart, got: ${chart}`
    : why,
  installed: plane.releases.last(release.namespace, release.name) === undefined,
});

/** helm runs in the state file's folder, and a relative path of a kubeconfig is one from there. */
function fromFolder(state: State, flags: Flags, reach: (kubeconfig: string | undefined) => Access): Access {
  const path = flags.value('kubeconfig');
  if (path === undefined || posix.isAbsolute(path)) return reach(path);
  const found = reach(posix.join(state.folder, path));
  return found.how === 'no-file' ? { ...found, path } : found;
}

/** The call of helm that helmfile makes for a release. */
function upgradeArgv(model: Model, call: ToolCall, flags: Flags, state: State, release: StateRelease): string[] {
  const folder = `/tmp/helmfile${Math.floor(model.random.of('helmfile', release.name) * 1e9)}`;
  return [
    ...helmAccess(flags),
    'upgrade',
    '--install',
    release.name,
    chartPlace(call, state, release),
    ...versionOf(release),
    ...(release.wait ? ['--wait', '--timeout', `${release.timeout / 1000}s`] : []),
    '--create-namespace',
    ...named(flags, 'kube-context'),
    ...(pulledChart(call, state, release)?.isPlain ? ['--plain-http'] : []),
    '--namespace',
    release.namespace,
    ...(release.values.length > 0
      ? [
          '--values',
          `${folder}/${release.namespace}-${release.name}-values-${model.random.hex(5, 'values', release.name)}`,
        ]
      : []),
    '--reset-values',
    '--history-max',
    '10',
  ];
}

function list(model: Model, call: ToolCall, flags: Flags): ToolResult {
  const parts = chosen(model, call, flags);
  if (parts.every((part) => part.releases.length === 0)) return nothing(flags);
  if (flags.value('output') !== 'json') return notSimulated('helmfile', call.argv, 'list as a table');
  const rows = parts.flatMap(({ releases }) =>
    releases.map((release) => ({
      name: release.name,
      namespace: release.namespace,
      enabled: true,
      installed: release.installed,
      labels: Object.entries(labelsOf(release))
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, value]) => `${key}:${value}`)
        .join(','),
      chart: release.chart,
      version: release.version ?? '',
    })),
  );
  return printed(`${JSON.stringify(rows)}\n`);
}
