import { expect, test } from 'vitest';
import type { Action, Done } from '@coldstart/contract';
import { talos } from '../src/index.ts';
import { nodesOf } from '../src/facts.ts';
import { endpoint } from '../src/talosctl/argv.ts';
import { talosctlTool } from '../src/tool.ts';
import { fakeWorld, lookAs, machines, type FakeNode } from './fake.ts';
import { exampleFacts } from './repository.ts';

const facts = await exampleFacts();
const TALOSCONFIG = 'clusters/infra/talos/clusterconfig/talosconfig';
const addresses = nodesOf(facts).map((node) => node.address);

/** What is wrong with a call: every one names its file and context, or is insecure, and goes to exactly one node. */
function wrong(argv: readonly string[]): string | null {
  const valuesOf = (flag: string): string[] => argv.flatMap((word, i) => (word === flag ? [argv[i + 1] ?? ''] : []));
  if (argv[0] === 'validate') return argv.includes('-n') ? 'validate names a node' : null;
  const nodes = valuesOf('-n');
  if (nodes.length !== 1 || !addresses.includes(nodes[0] ?? '')) return `nodes: ${nodes.join(' and ') || 'none'}`;
  if (argv.includes('--insecure')) return argv.includes('--talosconfig') ? 'insecure, and with a talosconfig' : null;
  if (valuesOf('--talosconfig').join() !== TALOSCONFIG) return `talosconfig: ${valuesOf('--talosconfig').join()}`;
  if (valuesOf('--context').join() !== 'infra') return `context: ${valuesOf('--context').join()}`;
  return valuesOf('-e').join() === nodes[0] ? null : `endpoint: ${valuesOf('-e').join()}`;
}

/** Both ways in which the hole of an apply is filled. */
const fillings = [
  ['--insecure'],
  (address: string) => ['--talosconfig', TALOSCONFIG, '--context', 'infra', '-e', address, '--mode=no-reboot'],
] as const;

function filled(action: Extract<Action, { do: 'exec' }>): string[][] {
  const address = String(action.argv[action.argv.indexOf('-n') + 1]);
  return fillings.map((filling) =>
    action.argv.flatMap((arg) =>
      typeof arg === 'string' ? [arg] : typeof filling === 'function' ? filling(address) : [...filling],
    ),
  );
}

test('every action of talosctl names its config and context, or --insecure, and exactly one node', () => {
  const actions = talos.steps.flatMap((step) =>
    step.kind !== 'change'
      ? []
      : (step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }]).flatMap(({ key, item }) =>
          step.plan({ key, item, facts }),
        ),
  );
  const calls = actions.filter((action) => action.do === 'exec');
  expect(calls.map((call) => call.argv[0])).toEqual([
    ...Array<string>(3).fill('apply-config'),
    'bootstrap',
    'kubeconfig',
    ...Array<string>(3).fill('apply-config'),
  ]);
  expect(calls.flatMap(filled).flatMap((argv) => wrong(argv) ?? [])).toEqual([]);
  // A plan holds no address that is not the item's own, and no file outside the repository.
  expect(JSON.stringify(actions)).not.toMatch(/"\/(?!dev\/)/);
});

const shows: FakeNode[] = [
  { is: 'maintenance' },
  { is: 'configured', etcd: { state: 'Preparing' } },
  { is: 'configured', etcd: { state: 'Running', members: ['a1 infra-01', 'b2 infra-02', 'c3 infra-03'] } },
  { is: 'foreign' },
  { is: 'flaky' },
];

test.each(shows)('every look does too, and only reads: nodes that are %j', async (node) => {
  const kubectl = (): Done => ({ exit: 0, how: 'exit', stdout: new TextEncoder().encode('ok'), stderr: '' });
  const world = fakeWorld(machines({}, node), { kubectl });
  for (const step of talos.steps)
    for (const { key, item } of step.forEach?.(facts) ?? [{ key: 'cluster', item: undefined }]) {
      const look = lookAs(world, facts, item, key);
      await step.observe(look);
      await step.diagnose?.(look);
    }
  for (const guard of talos.guards) await guard.look(lookAs<unknown>(world, facts, undefined, 'cluster'));
  expect(world.probes.length).toBeGreaterThan(30);
  const only = (tool: string): string[][] =>
    world.probes.filter((probe) => probe.tool === tool).map((probe) => probe.argv);
  expect(only('talosctl').flatMap((argv) => wrong(argv) ?? [])).toEqual([]);
  for (const argv of only('kubectl'))
    expect(argv.slice(0, 4)).toEqual(['--kubeconfig', 'kubernetes/kubeconfig', '--context', 'infra']);
  const changing = world.probes.filter(({ tool, argv }) => !talos.tools.find((t) => t.name === tool)?.reads(argv));
  expect(changing).toEqual([]);
  expect(world.probes.filter(({ deadline }) => !(deadline > 0))).toEqual([]);
});

test('what a talosconfig says of its current context changes nothing', async () => {
  const other = await exampleFacts({ context: 'infra' });
  expect(other['talos/cluster']).toEqual(facts['talos/cluster']);
});

test('a port of its own stands in the endpoint', () => {
  expect(endpoint('192.0.2.11', 50_000)).toBe('192.0.2.11');
  expect(endpoint('127.0.0.1', 50_001)).toBe('127.0.0.1:50001');
  expect(endpoint('2001:db8::1', 50_001)).toBe('[2001:db8::1]:50001');
});

test('talosctl itself is declared once, with versions that are known to work', () => {
  expect(talos.tools.filter((tool) => tool.name === 'talosctl')).toEqual([talosctlTool]);
  expect(talosctlTool.known).toEqual({ from: '1.12.0', below: '1.14.0' });
});
