import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { findType, type ResourceType } from '../../kubernetes/kinds.ts';
import { at, isFields, textAt } from '../../kubernetes/object.ts';
import { access, type Access, API_CALL, DIAL_TIMEOUT, dialText } from '../common/access.ts';
import { type Flags, flag, type FlagTable, goDuration, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { look, type Status } from './look.ts';
import { report } from './report.ts';

const TABLE: FlagTable = {
  kubeconfig: flag(),
  context: flag(),
  namespace: flag('n'),
  'helm-release-name': flag(),
  wait: toggle(),
  'wait-duration': flag(),
  output: flag('o'),
  'ignore-warnings': toggle(),
  interactive: toggle(),
  verbose: toggle(),
  client: toggle(),
};

/** cilium-cli 0.19 over the world's control planes; agents answer by what their pods are. */
export const cilium: SimulatedTool = {
  name: 'cilium',
  version: '0.19.5',
  async run(model, call) {
    const flags = parseFlags(call.argv, TABLE);
    if ('problem' in flags) return failed(`Error: ${flags.problem}`);
    const [command, below] = flags.words;
    if (command === 'version' && flags.on('client')) return printed(CLIENT);
    if (!['status', 'version', 'config'].includes(command ?? '')) return notSimulated('cilium', call.argv);
    await call.spend(API_CALL);
    const reached = access(model, call, 'cilium', {
      kubeconfig: flags.value('kubeconfig'),
      context: flags.value('context'),
    });
    if (reached.how !== 'open') return unreached(call, reached, command ?? '');
    if (command === 'version') return version(reached.plane, flags);
    if (command === 'config')
      return below === 'view' ? configView(reached.plane, flags) : notSimulated('cilium', call.argv);
    return status(reached.plane, call, flags);
  },
};

const CLIENT =
  'cilium-cli:  compiled with go1.26.8 on linux/amd64\ncilium image (default): v1.19.5\ncilium image (stable): unknown\n';
const namespaceOf = (flags: Flags): string => flags.value('namespace') ?? 'kube-system';

async function unreached(
  call: ToolCall,
  reached: Exclude<Access, { how: 'open' }>,
  command: string,
): Promise<ToolResult> {
  if (reached.how === 'no-context')
    return failed(`Error: unable to create Kubernetes client: context "${reached.context}" does not exist`);
  if (reached.how === 'no-file')
    return failed(`Error: unable to create Kubernetes client: stat ${reached.path}: no such file or directory`);
  if (reached.how === 'unreadable')
    return failed(
      `Error: unable to create Kubernetes client: error loading config file "${reached.path}": ${reached.why}`,
    );
  if (reached.how === 'unauthorized')
    return failed('Error: Unable to determine status: the server has asked for the client to provide credentials');
  if (reached.how === 'timeout') await call.spend(DIAL_TIMEOUT);
  const what =
    command === 'config'
      ? 'Unable to view configuration'
      : command === 'version'
        ? 'Unable to determine version'
        : 'Unable to determine status';
  return failed(`Error: ${what}: Get "${reached.server}/api/v1/namespaces/kube-system": ${dialText(reached)}`);
}

function version(plane: ControlPlane, flags: Flags): ToolResult {
  const daemon = plane.get(findType(plane.types(), 'ds') as ResourceType, namespaceOf(flags), 'cilium');
  const image = textAt(daemon, 'spec', 'template', 'spec', 'containers', 0, 'image');
  return printed(
    `${CLIENT}cilium image (running): ${image === undefined ? 'unknown. Unable to obtain cilium version, no cilium pods found in namespace "kube-system"' : image.replace(/^.*:v?/, '')}\n`,
  );
}

/** Two columns: keys padded to the longest, four spaces, value. */
function configView(plane: ControlPlane, flags: Flags): ToolResult {
  const namespace = namespaceOf(flags);
  const map = plane.get(findType(plane.types(), 'cm') as ResourceType, namespace, 'cilium-config');
  const data = at(map, 'data');
  if (!isFields(data))
    return failed(
      `Error: Unable to view configuration: unable get ConfigMap "cilium-config": configmaps "cilium-config" not found`,
    );
  const keys = Object.keys(data).toSorted();
  const width = Math.max(...keys.map((key) => key.length));
  return printed(keys.map((key) => `${key.padEnd(width + 4)}${String(data[key])}\n`).join(''));
}

async function status(plane: ControlPlane, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const namespace = namespaceOf(flags);
  const json = flags.value('output') === 'json';
  if (flags.has('output') && !json) return notSimulated('cilium', call.argv);
  const show = (state: Status): string => (json ? `${JSON.stringify(state.json, null, 1)}\n` : report(state));
  let state = look(plane, namespace);
  if (!flags.on('wait')) return printed(show(state));
  const duration = flags.value('wait-duration') ?? '5m';
  const until = plane.now + (goDuration(duration) ?? 300_000);
  while (state.errors.length > 0 && plane.now < until) {
    await call.spend(Math.min(2000, until - plane.now));
    state = look(plane, namespace);
  }
  if (state.errors.length === 0) return printed(show(state));
  return failed(
    'Error: Unable to determine status:  timeout while waiting for status to become successful: context deadline exceeded',
    show(state),
  );
}
