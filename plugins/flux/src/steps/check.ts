import { succeeded, type CheckingStep } from '@coldstart/contract';
import { askAgain, explainPods, kubectlArgv, lookAtPods, textOf, whyNot } from '@coldstart/tools';
import { accessFrom, policyFrom } from '../facts.ts';
import { parseCheck } from '../flux/check.ts';
import { controllerSignals } from '../look/flux.ts';

/** `flux check` passes, and each controller's newest rollout is available. */
export const check: CheckingStep = {
  id: 'flux/check',
  kind: 'check',
  phase: 'validation',
  title: "Flux' controllers",
  needs: ['kubernetes/kubeconfig', 'flux/policy'],
  provides: [],
  settle: (facts) => ({ ...policyFrom(facts).check, stableFor: 0 }),
  observe: async ({ facts, world }) => {
    const access = accessFrom(facts);
    const policy = policyFrom(facts);
    const [done, controllers] = await Promise.all([
      askAgain(world, { tool: 'flux', argv: kubectlArgv(access, 'check'), deadline: 60_000 }),
      controllerSignals(world, access, policy.namespace, policy.controllers),
    ]);
    if (typeof controllers === 'string')
      return { state: 'unknown', signals: [], cause: `the controllers could not be looked at: ${controllers}` };
    const lines = parseCheck(`${done.stderr}\n${textOf(done.stdout)}`);
    if (done.how !== 'exit' || lines.length === 0)
      return { state: 'unknown', signals: controllers, cause: `flux check told nothing: ${whyNot(done)}` };
    const failed = lines.filter((l) => !l.ok);
    const passed = succeeded(done) && failed.length === 0;
    const signals = [
      {
        name: 'flux check',
        expected: 'all checks passed',
        observed: passed
          ? 'all checks passed'
          : failed.map((l) => l.text).join('; ') || `exit ${done.exit ?? 'unknown'}`,
        ok: passed,
        source: 'flux check',
      },
      ...controllers,
    ];
    const bad = signals.filter((s) => !s.ok);
    if (bad.length === 0) return { state: 'done', signals };
    return {
      state: 'converging',
      signals,
      cause: bad.map((s) => `${'subject' in s ? s.subject : s.name}: ${String(s.observed)}`).join('; '),
      remedy: `Look at the pods in ${policy.namespace}; then run the same command again.`,
      page: 'flux-not-ready',
    };
  },
  diagnose: ({ facts, world }) => lookAtPods(world, accessFrom(facts), policyFrom(facts).namespace),
  explain: explainPods,
  criteria: [{ id: 'flux-healthy', title: "flux check passes and Flux' controllers are healthy", needs: 'live' }],
};
