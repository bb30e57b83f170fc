import type { Flag } from './flags.ts';

/** What talosctl 1.13 calls each command that the lab plays, with its flags. */
export type Command = {
  /** As in the usage, e.g. `etcd members`. */
  path: string;
  args: string;
  aliases: readonly string[];
  flags: readonly Flag[];
  /** Whether it may be asked of several nodes at once. */
  many: boolean;
};

const help = (path: string): Flag => ({
  name: 'help',
  short: 'h',
  type: '',
  about: `help for ${path.split(' ').at(-1)}`,
});

const global: readonly Flag[] = [
  { name: 'cluster', short: 'c', type: 'string', about: 'Cluster to connect to if a proxy endpoint is used.' },
  { name: 'context', type: 'string', about: 'Context to be used in command' },
  { name: 'endpoints', short: 'e', type: 'strings', about: 'override default endpoints in Talos configuration' },
  { name: 'nodes', short: 'n', type: 'strings', about: 'target the specified nodes' },
  {
    name: 'siderov1-keys-dir',
    type: 'string',
    about:
      "The path to the SideroV1 auth PGP keys directory. Defaults to 'SIDEROV1_KEYS_DIR' env variable if set, otherwise '$HOME/.talos/keys'. Only valid for Contexts that use SideroV1 auth.",
  },
  {
    name: 'talosconfig',
    type: 'string',
    about:
      "The path to the Talos configuration file. Defaults to 'TALOSCONFIG' env variable if set, otherwise '$HOME/.talos/config' and '/var/run/secrets/talos.dev/config' in order.",
  },
];

const MODES = 'auto, no-reboot, reboot, staged, try';
const insecure = (about: string): Flag => ({ name: 'insecure', short: 'i', type: '', about });
const duration = (value: string): string | undefined =>
  /^(\d+(\.\d+)?(h|m|s|ms))+$/.test(value) ? undefined : `time: invalid duration ${JSON.stringify(value)}`;

function command(
  path: string,
  own: readonly Flag[],
  options: Partial<Pick<Command, 'args' | 'aliases' | 'many'>> = {},
): Command {
  return { path, args: '', aliases: [], many: false, flags: [...own, ...global, help(path)], ...options };
}

export const commands: readonly Command[] = [
  command(
    'apply-config',
    [
      {
        name: 'cert-fingerprint',
        type: 'strings',
        about: 'list of server certificate fingeprints to accept (defaults to no check)',
      },
      {
        name: 'config-patch',
        short: 'p',
        type: 'stringArray',
        about: 'the list of config patches to apply to the local config file before sending it to the node',
      },
      { name: 'dry-run', type: '', about: 'check how the config change will be applied in dry-run mode' },
      { name: 'file', short: 'f', type: 'string', about: 'the filename of the updated configuration' },
      insecure('apply the config using the insecure (encrypted with no auth) maintenance service'),
      {
        name: 'mode',
        short: 'm',
        type: MODES,
        about: 'apply config mode',
        shown: '(default auto)',
        check: (value) => (MODES.split(', ').includes(value) ? undefined : `possible options are: ${MODES}`),
      },
      {
        name: 'timeout',
        type: 'duration',
        about: 'the config will be rolled back after specified timeout (if try mode is selected)',
        shown: '(default 1m0s)',
        check: duration,
      },
    ],
    { aliases: ['apply-config', 'apply'], many: true },
  ),
  command('bootstrap', [
    { name: 'recover-from', type: 'string', about: 'recover etcd cluster from the snapshot' },
    {
      name: 'recover-skip-hash-check',
      type: '',
      about: 'skip integrity check when recovering etcd (use when recovering from data directory copy)',
    },
  ]),
  command(
    'get',
    [
      insecure('get resources using the insecure (encrypted with no auth) maintenance service'),
      {
        name: 'namespace',
        type: 'string',
        about: 'resource namespace (default is to use default namespace per resource)',
      },
      {
        name: 'output',
        short: 'o',
        type: 'string',
        about: 'output mode (json, table, yaml, jsonpath)',
        shown: '(default "table")',
      },
      { name: 'watch', short: 'w', type: '', about: 'watch resource changes' },
    ],
    { args: '<type> [<id>]', aliases: ['get', 'g'], many: true },
  ),
  command('dmesg', [
    { name: 'follow', short: 'f', type: '', about: 'specify if the kernel log should be streamed' },
    {
      name: 'tail',
      type: '',
      about: 'specify if only new messages should be sent (makes sense only when combined with --follow)',
    },
  ]),
  command('services', [], { args: '[<id> [start|stop|restart|status]]', aliases: ['service', 'services'], many: true }),
  command('etcd members', [], { many: true }),
  command('etcd status', [], { many: true }),
  command('etcd alarm list', [], { many: true }),
  command(
    'kubeconfig',
    [
      {
        name: 'force',
        short: 'f',
        type: '',
        about: 'Force overwrite of kubeconfig if already present, force overwrite on kubeconfig merge',
      },
      { name: 'force-context-name', type: 'string', about: 'Force context name for kubeconfig merge' },
      { name: 'merge', short: 'm', type: '', about: 'Merge with existing kubeconfig', shown: '(default true)' },
    ],
    { args: '[local-path]' },
  ),
  command('health', [
    { name: 'control-plane-nodes', type: 'strings', about: 'specify IPs of control plane nodes' },
    { name: 'init-node', type: 'string', about: 'specify IPs of init node' },
    { name: 'k8s-endpoint', type: 'string', about: 'use endpoint instead of kubeconfig default' },
    { name: 'run-e2e', type: '', about: 'run Kubernetes e2e test' },
    { name: 'server', type: '', about: 'run server-side check', shown: '(default true)' },
    {
      name: 'wait-timeout',
      type: 'duration',
      about: 'timeout to wait for the cluster to be ready',
      shown: '(default 20m0s)',
      check: duration,
    },
    { name: 'worker-nodes', type: 'strings', about: 'specify IPs of worker nodes' },
  ]),
  command(
    'version',
    [
      { name: 'client', type: '', about: 'Print client version only' },
      insecure('use Talos maintenance mode API'),
      { name: 'short', type: '', about: 'Print the short version' },
    ],
    { many: true },
  ),
  command('validate', [
    // `-c` is this command's own here, so the global shorthand for the cluster steps back.
    { name: 'config', short: 'c', type: 'string', about: 'the path of the config file' },
    {
      name: 'mode',
      short: 'm',
      type: 'string',
      about: 'the mode to validate the config for (valid values are metal, cloud, and container)',
    },
    { name: 'strict', type: '', about: 'treat validation warnings as errors' },
  ]),
  command('config contexts', [], { aliases: ['contexts', 'get-contexts'] }),
  command('config info', [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      about: 'output format (json|yaml|text). Default text.',
      shown: '(default "text")',
    },
  ]),
];

/** Flags that a command takes although its usage does not show them. */
export const hidden: Readonly<Record<string, readonly Flag[]>> = {
  version: [{ name: 'json', type: '', about: '' }],
};

const valued = new Set([
  '-n',
  '--nodes',
  '-e',
  '--endpoints',
  '--talosconfig',
  '--context',
  '-c',
  '--cluster',
  '--siderov1-keys-dir',
]);

/** The command that an argv names, and what follows it. Flags may stand before, between and after its words. */
export function commandOf(argv: readonly string[]): { command: Command; rest: string[] } | undefined {
  const words: { word: string; at: number }[] = [];
  for (let at = 0; at < argv.length && argv[at] !== '--'; at++) {
    const word = argv[at]!;
    if (valued.has(word) && !argv.slice(0, at).includes('validate')) at++;
    else if (!word.startsWith('-')) words.push({ word, at });
  }
  for (const { command, spelled } of known) {
    if (!spelled.every((word, index) => words[index]?.word === word)) continue;
    const taken = new Set(words.slice(0, spelled.length).map((one) => one.at));
    return { command, rest: argv.filter((_, at) => !taken.has(at)) };
  }
  return undefined;
}

/** Every spelling of every command, the longest first. */
const known = commands
  .flatMap((command) => spellings(command).map((spelled) => ({ command, spelled })))
  .toSorted((a, b) => b.spelled.length - a.spelled.length);

function spellings(command: Command): string[][] {
  const words = command.path.split(' ');
  const last = command.aliases.length === 0 ? [words.at(-1)!] : [...new Set([words.at(-1)!, ...command.aliases])];
  return last.map((name) => [...words.slice(0, -1), name]);
}
