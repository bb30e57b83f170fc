import { identityPath, type Done, type Look, type Probe } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { nodesOf, type TalosNode } from '../src/facts.ts';
import { pinnedNodeGuard } from '../src/guards/pinned-node.ts';
import { nodesReady } from '../src/steps/nodes-ready.ts';
import { addressOf, fakeWorld, lookAs, machines, type FakeNode, type FakeWorld } from './fake.ts';
import { recording } from './recordings.ts';
import { exampleFacts } from './repository.ts';

const facts = await exampleFacts();
const node = nodesOf(facts).find(({ name }) => name === 'infra-02') as TalosNode;
const waiting: FakeNode = { is: 'configured', etcd: { state: 'Preparing' } };
const cut = (): Done => ({
  exit: 1,
  how: 'exit',
  stdout: new Uint8Array(),
  stderr: recording('talosctl-1.13', 'fault-bootstrap-rst-after-success').stderr,
});

/** Loses the answers to the first `times` calls of a kind that go to a node. */
function losing(world: FakeWorld, verb: string, name: string, times: number): FakeWorld {
  let lost = 0;
  const probe = async (call: Probe): Promise<Done> => {
    const hit = call.argv.join(' ').startsWith(verb) && call.argv.includes(addressOf(name)) && lost++ < times;
    return hit ? cut() : world.probe(call);
  };
  return Object.assign(Object.create(world) as FakeWorld, { probe });
}

describe('an answer that is lost', () => {
  const bare = (): FakeWorld =>
    fakeWorld(
      machines({
        'infra-02': {
          is: 'maintenance',
          disks: [{ dev_path: '/dev/nvme0n1', transport: 'nvme', size: 960e9, serial: 'EX960-INFRA-02' }],
        },
      }),
    );
  const ready = (world: FakeWorld) => nodesReady.observe(lookAs(world, facts, node, 'infra-02') as Look<TalosNode>);

  test.each([1, 2])('%i times in preflight: the question is asked again', async (times) =>
    expect(await ready(losing(bare(), 'get disks', 'infra-02', times))).toMatchObject({ state: 'done' }),
  );

  test('every time: not known yet, which another look may tell, and never taken for a wrong disk', async () =>
    expect(await ready(losing(bare(), 'get disks', 'infra-02', Number.POSITIVE_INFINITY))).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('not told'),
    }));
});

describe('the guard of bootstrap, while a control plane does not answer', () => {
  const record = JSON.stringify({ schema: 'coldstart.identity/1', cluster: 'infra', bootstrapNode: 'infra-01' });
  const guard = (times: number, third: FakeNode = waiting) => {
    const world = fakeWorld(machines({ 'infra-01': waiting, 'infra-02': waiting, 'infra-03': third }), {
      files: { [identityPath('infra')]: record },
    });
    return pinnedNodeGuard.look(
      lookAs<unknown>(losing(world, 'services', 'infra-03', times), facts, undefined, 'cluster'),
    );
  };

  test.each([0, 2, 5, 8])('%i answers lost: it looks again, and passes', async (times) =>
    expect(await guard(times)).toMatchObject({ ok: true }),
  );

  test('all of them: it says no', async () =>
    expect(await guard(Number.POSITIVE_INFINITY)).toMatchObject({
      ok: false,
      cause: expect.stringMatching(/infra-03 was never seen empty/),
    }));

  test('one of another cluster: it says no at once', async () =>
    expect(await guard(0, { is: 'foreign' })).toMatchObject({
      ok: false,
      cause: expect.stringMatching(/another cluster/),
    }));
});
