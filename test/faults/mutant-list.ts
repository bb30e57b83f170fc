/** One way to break the safety code: exactly one place of a file, and the tests that must fail for it. */
export type Mutant = { name: string; file: string; from: string; to: string; tests: string[] };

const talos = (name: string): string => `plugins/talos/${name}`;
const engine = (name: string): string => `packages/engine/${name}`;
const TABLE = talos('test/detector-table.test.ts');
const STEPS = talos('test/steps.test.ts');
const RUN = engine('test/run.test.ts');
const LAWS = 'test/faults/laws.test.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'fixed node ignored: bootstrap goes to the last control plane',
    file: talos('src/facts.ts'),
    from: 'nodesOf(facts).find((n) => n.name === bootstrapNode)',
    to: "nodesOf(facts).findLast((n) => n.role === 'controlplane' || n.name === bootstrapNode)",
    tests: [LAWS],
  },
  {
    name: 'fixed node ignored: the record is not looked at before bootstrap',
    file: talos('src/guards/pinned-node.ts'),
    from: 'known?.bootstrapNode !== node.name || wrong.length > 0',
    to: "node.name === ''",
    tests: [STEPS],
  },
  {
    name: 'fence off: the identity guard lets another CA pass',
    file: talos('src/guards/identity.ts'),
    from: "if (seen.class !== 'foreign')",
    to: "if (seen.class !== 'foreign' || node.name !== '')",
    tests: [STEPS],
  },
  {
    name: 'fence off: a guard that says no stops nothing',
    file: engine('src/run/act.ts'),
    from: "guards.push({ id, ok: verdict.ok, cause: verdict.ok ? null : (verdict.cause ?? 'it says no') });\n    if (!verdict.ok) {",
    to: "guards.push({ id, ok: verdict.ok, cause: verdict.ok ? null : (verdict.cause ?? 'it says no') });\n    if (!verdict.ok && id === '') {",
    tests: [engine('test/item.test.ts')],
  },
  {
    name: 'lock off',
    file: engine('src/world/lock.ts'),
    from: 'while (!(await world.create(path, mine, 0o600))) {',
    to: 'while (!(await world.create(path, mine, 0o600)) && path === mine.toString()) {',
    tests: [engine('test/world/lock.test.ts')],
  },
  {
    name: 'action before its journal record',
    file: engine('src/run/act.ts'),
    from: 'await journal.write(started(action, name, quoteWords(masks.argv(filled.words)), guards));',
    to: 'void journal.write(started(action, name, quoteWords(masks.argv(filled.words)), guards));',
    tests: [LAWS],
  },
  {
    name: '`unknown` taken for `safe`',
    file: talos('src/detector/table.ts'),
    from: "{ some: ['unseen'], verdict: 'unknown'",
    to: "{ some: ['unseen'], verdict: 'safe'",
    tests: [TABLE],
  },
  {
    name: '`unknown` taken for `safe`: what is unknown is bootstrapped',
    file: talos('src/steps/bootstrap.ts'),
    from: "    case 'unknown':\n      return unknown(look, detection, signals, why);\n    case 'safe':",
    to: "    case 'unknown':\n    case 'safe':",
    tests: [STEPS],
  },
  {
    name: '`split` taken for `done`',
    file: talos('src/detector/table.ts'),
    from: "{ some: ['elsewhere'], verdict: 'split'",
    to: "{ some: ['elsewhere'], verdict: 'done'",
    tests: [TABLE],
  },
  {
    name: 'member count ignored: one voter is enough for `done`',
    file: talos('src/detector/table.ts'),
    from: "{ only: ['voter'], verdict: 'done'",
    to: "{ some: ['voter'], verdict: 'done'",
    tests: [TABLE],
  },
  {
    name: 'member count ignored: the etcd gate opens while somebody is joining',
    file: talos('src/steps/etcd.ts'),
    from: "detection.verdict !== 'done'",
    to: "detection.verdict !== 'done' && detection.verdict !== 'joining'",
    tests: [STEPS],
  },
  {
    name: 'fall-back to maintenance ignored',
    file: talos('src/steps/apply.ts'),
    from: 'if (sent && sinceThen(world, sent) < left)',
    to: 'if (sent && sinceThen(world, sent) < Number.POSITIVE_INFINITY)',
    tests: [STEPS],
  },
  {
    name: 'EOF taken for failure',
    file: talos('src/remedies.ts'),
    from: "  'cut',\n  'cancelled',\n  'rpc-deadline',",
    to: "  'cancelled',\n  'rpc-deadline',",
    tests: [LAWS, talos('test/failure.test.ts')],
  },
  {
    name: 'EOF taken for success',
    file: engine('src/run/act.ts'),
    from: "const ok = action.do === 'exec' && done.how === 'exit' && ",
    to: "const ok = action.do === 'exec' && done.how === 'exit' && /EOF/.test(done.stderr) || action.do === 'exec' && done.how === 'exit' && ",
    tests: [LAWS],
  },
  {
    name: 'AlreadyExists taken for done without looking at members',
    file: talos('src/steps/bootstrap.ts'),
    from: "    case 'unknown':\n      return unknown(look, detection, signals, why);",
    to: "    case 'unknown':\n      if (views.some(({ service }) => service === 'Running'))\n        return { state: 'done', signals: [], facts: { 'talos/bootstrapped': { node: node.name } } };\n      return unknown(look, detection, signals, why);",
    tests: [STEPS],
  },
  {
    name: 'guard looked at once, and not before every action',
    file: engine('src/run/act.ts'),
    from: '? await guard.look(at.look)',
    to: '? await ((guard as unknown as { once?: ReturnType<typeof guard.look> }).once ??= guard.look(at.look))',
    tests: [engine('test/guards.test.ts')],
  },
  {
    name: 'what outlived a killed run is not waited for',
    file: engine('src/run/run.ts'),
    from: 'await settleOutlived(context, former);',
    to: '',
    tests: [RUN],
  },
  {
    name: 'what was done before is forgotten',
    file: engine('src/run/run.ts'),
    from: 'past: pastOf(former, generation)',
    to: 'past: pastOf([], generation)',
    tests: [LAWS],
  },
];
