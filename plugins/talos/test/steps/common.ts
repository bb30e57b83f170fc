import type { Done, Past } from '@coldstart/contract';
import { nodesOf, type TalosNode } from '../../src/facts.ts';
import { sent, type FakeNode, type FakeWorld } from '../fake.ts';
import { recording } from '../recordings.ts';
import { exampleFacts } from '../repository.ts';

export const facts = await exampleFacts();

export const nodeNamed = (name: string): TalosNode => nodesOf(facts).find((node) => node.name === name)!;

export const err = (stderr: string): Done => ({ exit: 1, how: 'exit', stdout: new Uint8Array(), stderr });

export const out = (stdout: string): Done => ({
  exit: 0,
  how: 'exit',
  stdout: new TextEncoder().encode(stdout),
  stderr: '',
});

export const apply = (world: FakeWorld, ago: number, more: object = {}): Past =>
  sent(world, { step: 'talos/apply-controlplanes', item: 'infra-02', action: 'apply', ago, ...more });

export const waiting: FakeNode = { is: 'configured', etcd: { state: 'Preparing' } };

export const voter = (...members: string[]): FakeNode => ({
  is: 'configured',
  stage: 'running',
  etcd: { state: 'Running', members },
});

export const whole = voter('a1 infra-01', 'b2 infra-02', 'c3 infra-03');

export const refused = err(recording('kubectl', 'refused').stderr);

const UID = '1f3a0c52-0000-4000-8000-000000000001';

export const ready = (argv: string[]): Done => {
  if (argv.includes('/version')) return out('{"gitVersion": "v1.36.3"}');
  if (argv.includes('kube-system'))
    return out(JSON.stringify({ kind: 'Namespace', metadata: { name: 'kube-system', uid: UID } }));
  return out('ok');
};
