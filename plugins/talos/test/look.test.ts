import { describe, expect, test } from 'vitest';
import { lookAtNode } from '../src/node/look.ts';
import { reachOf } from '../src/node/ask.ts';
import { fakeWorld, machines, type FakeNode } from './fake.ts';
import { exampleFacts } from './repository.ts';

const node = { name: 'infra-02', address: '192.0.2.12' };
const lookAt = async (shows: FakeNode) => {
  const world = fakeWorld(machines({ 'infra-02': shows }));
  return { ...(await lookAtNode(world, reachOf(await exampleFacts()), node)), calls: world.probes.length };
};

describe('what a node is, by its port and both kinds of call', () => {
  test.each<[FakeNode, string, number]>([
    [{ is: 'maintenance' }, 'maintenance', 2],
    [{ is: 'configured', stage: 'booting' }, 'configured', 1],
    [{ is: 'configured', stage: 'running' }, 'configured', 1],
    [{ is: 'refused' }, 'refused', 0],
    [{ is: 'silent' }, 'silent', 0],
    [{ is: 'foreign' }, 'foreign', 1],
    // A question that only reads is asked again where its answer was lost; one that ran out of time once.
    [{ is: 'flaky' }, 'unknown', 3],
    [{ is: 'hanging' }, 'unknown', 2],
    // It changed between the two calls: the third one tells.
    [{ is: 'leaving' }, 'configured', 3],
    // Our own certificate, and yet no config.
    [{ is: 'configured', stage: 'maintenance' }, 'unknown', 1],
  ])('%j is %s, after %i calls', async (shows, kind, calls) => {
    const seen = await lookAt(shows);
    expect(seen.class).toBe(kind);
    expect(seen.calls).toBe(calls);
  });

  test('an unknown CA that wants a client certificate twice is a stranger', async () => {
    const world = fakeWorld(machines({}));
    const real = world.probe;
    world.probe = async (probe) => {
      const done = await real(probe);
      return probe.argv.includes('--insecure')
        ? {
            ...done,
            exit: 1,
            stdout: new Uint8Array(),
            stderr: 'rpc error: code = Unavailable desc = remote error: tls: certificate required',
          }
        : done;
    };
    expect((await lookAtNode(world, reachOf(await exampleFacts()), node)).class).toBe('foreign');
  });

  test.each([
    ['refuses by then', 'dial tcp 192.0.2.12:50000: connect: connection refused', 'refused'],
    [
      'shows another CA by then',
      'x509: certificate signed by unknown authority (possibly because of "x509: Ed25519 verification failure")',
      'foreign',
    ],
  ])('a node that %s, at the third call, is what that call says', async (_what, said, kind) => {
    const world = fakeWorld(machines({}));
    const real = world.probe;
    let calls = 0;
    world.probe = async (probe) => {
      const done = await real(probe);
      calls += 1;
      return calls === 1
        ? done
        : {
            ...done,
            exit: 1,
            stdout: new Uint8Array(),
            stderr: calls === 2 ? 'remote error: tls: certificate required' : said,
          };
    };
    expect((await lookAtNode(world, reachOf(await exampleFacts()), node)).class).toBe(kind);
  });

  test('an unknown CA whose connection breaks is not taken for anything', async () => {
    const world = fakeWorld(machines({}));
    const real = world.probe;
    world.probe = async (probe) => {
      const done = await real(probe);
      return probe.argv.includes('--insecure')
        ? {
            ...done,
            exit: 1,
            stdout: new Uint8Array(),
            stderr: 'rpc error: code = Unavailable desc = write tcp: write: broken pipe',
          }
        : done;
    };
    expect((await lookAtNode(world, reachOf(await exampleFacts()), node)).class).toBe('unknown');
  });

  test('its signals name the node, and only a settled class is ok', async () => {
    expect((await lookAt({ is: 'maintenance' })).signals).toMatchObject([
      { name: 'port', subject: 'infra-02', observed: 'open', ok: true },
      { name: 'node', observed: 'maintenance', ok: true },
      { name: 'stage', observed: 'maintenance' },
    ]);
    expect((await lookAt({ is: 'silent' })).signals.map((s) => s.ok)).toEqual([false, false]);
  });
});
