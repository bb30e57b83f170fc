import { contribution, type ChangingStep, type CheckingStep, type Procedure } from '@coldstart/contract';
import { gather, makePlan } from '@coldstart/engine';

const stop = { signal: 'SIGTERM', grace: 5000, kill: true } as const;
const nodes = [
  { name: 'n-01', address: '192.0.2.11', role: 'controlplane' },
  { name: 'n-02', address: '192.0.2.12', role: 'worker' },
];
type Node = (typeof nodes)[number];

const ready: CheckingStep = {
  id: 'fake/ready',
  kind: 'preflight',
  phase: 'first',
  title: 'Nodes answer',
  needs: ['talos/nodes'],
  provides: [],
  observe: async () => ({ state: 'done', signals: [] }),
};

const apply: ChangingStep<Node> = {
  id: 'fake/apply',
  kind: 'change',
  phase: 'first',
  title: 'Nodes take their configs',
  needs: ['talos/nodes'],
  provides: ['fake/applied'],
  forEach: () => nodes.map((item, index) => ({ key: item.name, item, ...(index > 0 && { after: ['n-01'] }) })),
  observe: async () => ({ state: 'needed', signals: [] }),
  classify: () => ({ kind: 'fatal', cause: '', remedy: '' }),
  plan: ({ item }) => [
    {
      do: 'exec',
      id: 'apply',
      why: `give ${item.name} its config`,
      risk: item.role === 'worker' ? 'change' : 'once',
      guard: [],
      tool: 'tool',
      argv: ['apply', { ref: 'seen/access', show: '--insecure in maintenance' }, '-n', item.address, "it's quoted"],
      stdin: { read: `configs/${item.name}.yaml` },
      deadline: 1000,
      stop,
    },
  ],
};

const config: ChangingStep = {
  id: 'fake/config',
  kind: 'change',
  phase: 'second',
  title: 'The file is there',
  needs: ['fake/applied'],
  provides: [],
  observe: async () => ({ state: 'needed', signals: [] }),
  classify: () => ({ kind: 'fatal', cause: '', remedy: '' }),
  plan: () => [
    {
      do: 'merge',
      id: 'merge',
      why: 'put the context in',
      risk: 'change',
      guard: [],
      path: 'out/file',
      fn: 'fake/merge',
      in: [],
      mode: 0o600,
    },
  ],
};

export const facts = { 'talos/nodes': nodes };
export const kit = gather([contribution({ plugin: 'fake', steps: [ready, apply, config] })]);
export const procedure: Procedure = {
  id: 'fake',
  phases: [
    {
      id: 'first',
      number: -1,
      title: 'First',
      steps: [
        { id: 'fake/ready', from: 'fake' },
        { id: 'fake/apply', from: 'fake' },
      ],
    },
    { id: 'second', number: 0, title: 'Second', steps: [{ id: 'fake/config', from: 'fake' }] },
  ],
};
export const plan = makePlan(kit, procedure, {
  cluster: 'infra',
  facts,
  inputs: [{ path: 'configs/n-01.yaml', digest: '0'.repeat(64) }],
  tools: [
    { name: 'tool', version: '1.2.3' },
    { name: 'other', version: null },
  ],
  configuration: {},
  assumed: ['the second node is a worker'],
});
