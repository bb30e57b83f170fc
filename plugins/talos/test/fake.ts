import type { Done, Facts, Look, Past, Probe, Reader } from '@coldstart/contract';
import { filesOf } from './repository.ts';
import { recording } from './recordings.ts';

/** What one machine shows to the network. */
export type FakeNode = {
  /** `foreign`, `maintenance`, …: what its port and certificate are. `leaving`: maintenance at the first look, ours at the second. */
  is: 'maintenance' | 'configured' | 'refused' | 'silent' | 'foreign' | 'flaky' | 'hanging' | 'leaving';
  stage?: string;
  /** What `get machineconfig` gives back; the file of the repository when absent. */
  config?: string;
  disks?: { dev_path: string; transport?: string; size?: number; serial?: string; [key: string]: unknown }[];
  /** What its firmware says of it; null: this Talos tells none. */
  system?: { serialnumber?: string; uuid?: string } | null;
  bootVersion?: string;
  /** A `get` of this is cut off. */
  cuts?: 'disks' | 'version';
  /** A `get` of this gets no answer. */
  hangs?: 'disks' | 'version';
  /** A `get` of this gets an answer with nothing in it. */
  empty?: 'version';
  links?: { name: string; operationalState: string; mtu: number; permanentAddr?: string }[];
  /** State of the service etcd, with its members as `id name[ learner]` where it answers. */
  etcd?: {
    state: string;
    members?: string[];
    status?: Partial<Record<'leader' | 'term' | 'index' | 'applied' | 'errors', string>>;
  };
};

export type FakeWorld = Reader & { probes: Probe[]; clock: { wall: number; mono: number } };

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const out = (stdout: string): Done => ({ exit: 0, how: 'exit', stdout: text(stdout), stderr: '' });
const late: Done = { exit: null, how: 'deadline', stdout: text(''), stderr: '' };
const err = (stderr: string): Done => ({ exit: 1, how: 'exit', stdout: text(''), stderr });
const recorded = (name: string): Done => err(recording('talosctl-1.13', name).stderr);
const resource = (id: string, spec: object): string =>
  `${JSON.stringify({ metadata: { id, namespace: 'runtime', type: 'x' }, node: '', spec }, null, 4)}\n`;

/** A reader over hand-made machines, which answers as the recordings do; whatever is not told of is an error of the test. */
export function fakeWorld(
  nodes: Record<string, FakeNode>,
  options: {
    kubectl?: (argv: string[]) => Done;
    files?: Record<string, string | null>;
    validate?: (file: string) => Done;
    tools?: Record<string, string>;
  } = {},
): FakeWorld {
  const files = filesOf(options.files);
  const clock = { wall: Date.parse('2026-12-01T08:00:00.000Z'), mono: 1_000_000 };
  const probes: Probe[] = [];
  const looks: Record<string, number> = {};
  const node = (address: string): FakeNode => {
    const found = nodes[address];
    if (!found) throw new Error(`the test knows no node ${address}`);
    return found;
  };
  return {
    ...files,
    clock,
    probes,
    now: () => new Date(clock.wall).toISOString(),
    mono: () => clock.mono,
    env: () => undefined,
    tool: async (name) => {
      const version = (options.tools ?? { talosctl: '1.13.0', kubectl: '1.36.3' })[name];
      return version === undefined ? undefined : { path: `/usr/bin/${name}`, version, digest: null, simulated: false };
    },
    dial: async (host) => {
      const { is } = node(host);
      return is === 'refused' ? 'refused' : is === 'silent' ? 'timeout' : 'open';
    },
    probe: async (probe) => {
      probes.push(probe);
      if (probe.tool === 'kubectl')
        return (
          options.kubectl?.(probe.argv) ??
          err('The connection to the server 192.0.2.11:6443 was refused - did you specify the right host or port?')
        );
      if (probe.argv[0] === 'validate')
        return options.validate?.(probe.argv.at(-1) ?? '') ?? out(`${probe.argv.at(-1)} is valid for metal mode\n`);
      const address = probe.argv[probe.argv.indexOf('-n') + 1] ?? '';
      const secure = !probe.argv.includes('--insecure');
      const machine = node(address);
      if (machine.is === 'hanging') return late;
      if (machine.is === 'flaky') return recorded('fault-bootstrap-rst-after-success');
      if (machine.is === 'foreign')
        return secure
          ? recorded('fault-stale-secrets-other-cluster-ca-version')
          : recorded('fault4-insecure-to-configured-get');
      if (machine.is === 'leaving') {
        looks[address] = (looks[address] ?? 0) + 1;
        if (looks[address] === 1) return recorded('fault3-secure-call-to-maintenance-get');
        return secure
          ? out(resource('machine', { stage: 'booting', status: { ready: false } }))
          : recorded('fault4-insecure-to-configured-get');
      }
      if (machine.is === 'maintenance' && secure) return recorded('fault3-secure-call-to-maintenance-get');
      if (machine.is === 'configured' && !secure) return recorded('fault4-insecure-to-configured-get');
      return answer(machine, address, probe.argv, async (path) =>
        new TextDecoder().decode((await files.read(path)) ?? text('')),
      );
    },
  };
}

async function answer(
  machine: FakeNode,
  address: string,
  argv: string[],
  read: (path: string) => Promise<string>,
): Promise<Done> {
  const what = argv.slice(0, 2).join(' ');
  if (machine.cuts !== undefined && what === `get ${machine.cuts}`)
    return recorded('fault-bootstrap-rst-after-success');
  if (machine.hangs !== undefined && what === `get ${machine.hangs}`) return late;
  if (machine.empty !== undefined && what === `get ${machine.empty}`) return out('');
  switch (what) {
    case 'get machinestatus':
      return out(
        resource('machine', {
          stage: machine.stage ?? (machine.is === 'maintenance' ? 'maintenance' : 'booting'),
          status: { ready: false, unmetConditions: [] },
        }),
      );
    case 'get disks':
      return out(
        (machine.disks ?? [ownDisk(address)])
          .map((disk) => resource(disk.dev_path.replace('/dev/', ''), { readonly: false, cdrom: false, ...disk }))
          .join(''),
      );
    case 'get systeminformation':
      if (machine.system === null)
        return err('rpc error: code = NotFound desc = resource "systeminformation" is not registered');
      return out(resource('systeminformation', machine.system ?? { serialnumber: `SN-${nameAt(address)}` }));
    case 'get version':
      return out(resource('version', { version: machine.bootVersion ?? 'v1.13.0' }));
    case 'get timestatus':
      return out(resource('node', { synced: true, epoch: 0, syncDisabled: false }));
    case 'get discoveredvolumes':
      return out('');
    case 'get links':
      return out(
        (
          machine.links ??
          ['enp1s0f0', 'enp1s0f1'].map((name) => ({
            name,
            operationalState: 'up',
            mtu: machine.is === 'configured' ? 9000 : 1500,
          }))
        )
          .map(({ name, ...spec }) => resource(name, spec))
          .join(''),
      );
    case 'get machineconfig':
      if (machine.is === 'maintenance') return recorded('maint-get-machineconfig-denied');
      return out(`${machine.config ?? (await read(configAt(address)))}\n`);
    default:
      return etcdAnswer(machine, address, argv);
  }
}

function etcdAnswer(machine: FakeNode, address: string, argv: string[]): Done {
  const etcd = machine.etcd ?? { state: 'Waiting' };
  if (argv[0] === 'services')
    return out(
      `NODE         SERVICE   STATE     HEALTH   LAST CHANGE   LAST EVENT\n${address}   etcd      ${etcd.state.padEnd(9)} ?        1m5s ago      event\n`,
    );
  if (argv[0] === 'dmesg')
    return out(`${address}: user: warning: [2026-11-21T08:00:00.000Z]: [talos] stage: booting\n`);
  if (argv[1] === 'members') {
    if (!etcd.members) return recorded('secure-etcd-members-before-bootstrap');
    const rows = etcd.members.map((member) => {
      const [id = '', name = '', learner] = member.split(' ');
      return `${address}   ${id.padEnd(16)}   ${name.padEnd(8)}   https://${addressOf(name)}:2380   https://${addressOf(name)}:2379   ${learner === 'learner'}\n`;
    });
    return out(
      `NODE         ID                 HOSTNAME   PEER URLS                 CLIENT URLS               LEARNER\n${rows.join('')}`,
    );
  }
  if (argv[1] === 'status') {
    const own = etcd.members?.find((member) => addressOf(member.split(' ')[1] ?? '') === address)?.split(' ')[0];
    if (own === undefined) return recorded('secure-etcd-status-before-bootstrap');
    const { leader = 'a1', term = '2', index = '42', applied = '42', errors = '' } = etcd.status ?? {};
    const head =
      'NODE         MEMBER   DB SIZE   IN USE            LEADER   RAFT INDEX   RAFT TERM   RAFT APPLIED INDEX   LEARNER   PROTOCOL   STORAGE   ERRORS';
    return out(
      `${head}\n${address}   ${own.padEnd(6)}   2.5 MB    1.3 MB (50.00%)   ${leader.padEnd(6)}   ${index.padEnd(10)}   ${term.padEnd(9)}   ${applied.padEnd(18)}   false     3.6.4      3.6.0     ${errors}\n`,
    );
  }
  throw new Error(`the test answers no talosctl ${argv.join(' ')}`);
}

const ADDRESSES: Record<string, string> = {
  'infra-01': '192.0.2.11',
  'infra-02': '192.0.2.12',
  'infra-03': '192.0.2.13',
  'infra-04': '192.0.2.21',
  'infra-05': '192.0.2.22',
  'infra-06': '192.0.2.23',
};
export const addressOf = (name: string): string => ADDRESSES[name] ?? '203.0.113.1';
const nameAt = (address: string): string => Object.entries(ADDRESSES).find(([, a]) => a === address)?.[0] ?? '';
/** The disk that the example's configs select. */
const ownDisk = (address: string): NonNullable<FakeNode['disks']>[number] => ({
  dev_path: '/dev/nvme0n1',
  transport: 'nvme',
  size: 960e9,
  serial: `EX960-${nameAt(address).toUpperCase()}`,
});
const configAt = (address: string): string => `clusters/infra/talos/clusterconfig/infra-${nameAt(address)}.yaml`;

/** Machines by name; those that are not named are as `rest`. */
export function machines(
  named: Record<string, FakeNode>,
  rest: FakeNode = { is: 'maintenance' },
): Record<string, FakeNode> {
  return Object.fromEntries(Object.entries(ADDRESSES).map(([name, address]) => [address, named[name] ?? rest]));
}

export function lookAs<I>(world: Reader, facts: Facts, item: I, key: string, past: Past[] = []): Look<I> {
  return { cluster: 'infra', key, item, facts, world, artefacts: {}, attempt: 0, past };
}

/** An apply of this run that ended so many milliseconds ago. */
export function sent(
  world: FakeWorld,
  what: { step: string; item: string; action: string; ago: number; outcome?: Past['outcome']; earlierRun?: boolean },
): Past {
  const { ago, outcome = 'ok', earlierRun = false, ...named } = what;
  return {
    run: 'r',
    ...named,
    outcome,
    at: new Date(world.clock.wall - ago).toISOString(),
    ...(!earlierRun && { mono: world.clock.mono - ago }),
  };
}
