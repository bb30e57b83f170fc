import { contribution } from '@coldstart/contract';

const stop = { signal: 'SIGTERM', grace: 5000, kill: true };
const exec = (id, argv, more = {}) => ({
  do: 'exec',
  id,
  why: id,
  tool: 'stubtool',
  argv,
  deadline: 60_000,
  stop,
  risk: 'change',
  guard: [],
  ...more,
});

/** Whether the stub's own log says that a call ended well. */
const isDone = async (world, id) =>
  new TextDecoder().decode((await world.read('stub.log')) ?? new Uint8Array()).includes(`"ended":"${id}"`);

const step = (id, phase, actions) => ({
  kind: 'change',
  id: `stub/${id}`,
  phase,
  title: id,
  needs: [],
  provides: [],
  observe: async ({ world }) => {
    const done = await isDone(world, id);
    const signals = [{ name: 'log', expected: true, observed: done, ok: done, source: 'stub.log' }];
    return done ? { state: 'done', signals } : { state: 'needed', signals, facts: { access: ['--first', '--try'] } };
  },
  plan: () => actions,
  classify: () => ({ kind: 'fatal', cause: 'the stub failed', remedy: 'look at stub.log' }),
});

/** A plugin whose tool is a small program: three steps over two phases, one of them slow. */
export default async () =>
  contribution({
    plugin: '@coldstart/plugin-stub',
    steps: [
      step('a-quick', 'talos', [
        exec('one', ['one', 'two words', { ref: 'seen/access' }]),
        exec('two', ['two', '--', '-x'], { stdin: { text: 'by stdin\n' } }),
        exec('end', ['end', 'a-quick']),
      ]),
      step('b-slow', 'talos', [exec('slow', ['slow', 'b-slow'])]),
      step('c-last', 'core', [exec('end', ['end', 'c-last'])]),
    ],
    tools: [
      {
        name: 'stubtool',
        version: { argv: ['--version'], parse: (out) => out.trim() || null },
        reads: (argv) => argv[0] === '--version',
        env: ['STUB_SLOW_*'],
      },
    ],
  });
