/** One way to break the safety code: exactly one place of a file, and the tests that must fail for it. */
export type Mutant = { name: string; file: string; from: string; to: string; tests: string[] };

const talos = (name: string): string => `plugins/talos/${name}`;
const engine = (name: string): string => `packages/engine/${name}`;
const TABLE = talos('test/detector-table.test.ts');
const STEPS = talos('test/steps.test.ts');
const RUN = engine('test/run.test.ts');
const LAWS = 'test/faults/laws.test.ts';
const MACHINE = talos('test/machine.test.ts');
const FENCE = 'test/rehearsal/fence.test.ts';

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
    from: 'await settleOutlived(context, killed);',
    to: '',
    tests: [RUN],
  },
  {
    name: 'what was done before is forgotten',
    file: engine('src/run/run.ts'),
    from: 'past: pastOf(former, generation, world)',
    to: 'past: pastOf([], generation, world)',
    tests: [LAWS],
  },
  {
    name: 'impostor check off: whoever answers in maintenance is given the config',
    file: talos('src/machine/judge.ts'),
    from: "if (accepted || is === 'same' ||",
    to: "if (accepted || is !== 'unknown' ||",
    tests: [LAWS],
  },
  {
    name: 'impostor check off: a contradiction is no reason where something else matches',
    file: talos('src/machine/match.ts'),
    from: "if (wrong.length > 0) return { is: 'another', compared };",
    to: "if (wrong.length > 0 && !same) return { is: 'another', compared };",
    tests: [MACHINE],
  },
  {
    name: 'impostor looked for in the step alone, and not just before the config leaves',
    file: talos('src/guards/identity.ts'),
    from: "if (seen.class === 'maintenance') return",
    to: "if (seen.class === 'maintenance' && node.name === '') return",
    tests: [FENCE],
  },
  {
    name: 'impostor check off: what a machine does not tell is no reason',
    file: talos('src/machine/judge.ts'),
    from: "if (is === 'untold')\n    return {",
    to: "if (is === 'untold') return undefined;\n  if (is === ('never' as string))\n    return {",
    tests: [MACHINE],
  },
  {
    name: 'fence off: the recorded Talos CA is not looked at',
    file: talos('src/identity.ts'),
    from: 'if (known?.talosCa !== undefined && known.talosCa !== wanted.talosCa)',
    to: "if (known?.talosCa === '' && known.talosCa !== wanted.talosCa)",
    tests: [FENCE],
  },
  {
    name: 'fence off: another etcd than the recorded one is taken for ours',
    file: talos('src/identity.ts'),
    from: '!recorded.some((id) => live.includes(id))',
    to: '!recorded.some((id) => id !== live[0])',
    tests: [FENCE],
  },
  {
    name: 'fence off: a second etcd cluster in one generation',
    file: talos('src/steps/bootstrap.ts'),
    from: 'if (known?.etcdMembers && known.etcdMembers.length > 0)',
    to: 'if (known?.etcdMembers && known.etcdMembers.length > 99)',
    tests: [FENCE],
  },
  {
    name: 'fence off: the guard of Kubernetes does not look at kube-system',
    file: 'plugins/helmfile/src/guards/cluster.ts',
    from: "if (is === 'same') return { ok: true, signals };",
    to: "if (is !== 'untold') return { ok: true, signals };",
    tests: ['plugins/helmfile/test/steps.test.ts'],
  },
  {
    name: 'fence off: the kubeconfig is written without a look whose it is',
    file: talos('src/steps/kubeconfig.ts'),
    from: "risk: 'change',\n        guard: ['talos/identity'],",
    to: "risk: 'change',\n        guard: [],",
    tests: [FENCE],
  },
  {
    name: 'a record is overwritten by what is seen',
    file: engine('src/run/pins.ts'),
    from: 'if (there !== undefined && replace !== true)',
    to: "if (there !== undefined && replace !== true && cluster === '')",
    tests: [engine('test/pins.test.ts')],
  },
  {
    name: 're-pinning asks for no name',
    file: engine('src/run/identify.ts'),
    from: 'if (words !== cluster)',
    to: "if (words === '')",
    tests: [engine('test/pins.test.ts')],
  },
  {
    name: 'a killed `health` may be asked: it would be taken for healthy',
    file: talos('src/tool.ts'),
    from: "  'memory',\n",
    to: "  'memory',\n  'health',\n",
    tests: [talos('test/config.test.ts')],
  },
];
