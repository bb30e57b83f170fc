import type { CheckingStep } from '@coldstart/contract';
import { nodesOf, policyOf, type TalosNode } from '../facts.ts';
import { adviceFor } from '../remedies.ts';
import { askTool, PASSING } from '../node/ask.ts';

/** `talosctl validate` on every rendered config, before any node is touched. Needs no node. */
export const configsValid: CheckingStep<TalosNode> = {
  id: 'talos/configs-valid',
  kind: 'preflight',
  phase: 'talos',
  title: 'Machine configs are valid',
  needs: ['talos/nodes', 'talos/policy'],
  provides: [],
  criteria: [{ id: 'talos/configs-valid/all', title: 'talosctl accepts every machine config', needs: 'any' }],
  forEach: (facts) => nodesOf(facts).map((node) => ({ key: node.name, item: node })),
  observe: async ({ world, facts, item }) => {
    const answer = await askTool(world, ['validate', '-m', 'metal', '-c', item.config], policyOf(facts).probe.deadline);
    const signal = {
      name: 'machine config',
      subject: item.name,
      expected: 'valid for metal mode',
      observed: answer.ok ? 'valid' : answer.fault.message,
      ok: answer.ok,
      source: `talosctl validate ${item.config}`,
    };
    if (answer.ok) return { state: 'done', signals: [signal] };
    // talosctl was ended or ran out of time: that is no word on the config.
    const told = !PASSING.has(answer.fault.cause);
    // What talosctl here does not know is a typing error, or newer than this talosctl: no node was asked.
    const cause = answer.fault.cause === 'unknown-keys' ? 'config-invalid' : answer.fault.cause;
    return {
      state: told ? 'blocked' : 'unknown',
      signals: [signal],
      cause: `${item.config}: ${answer.fault.message}`,
      ...adviceFor(cause === 'other' ? 'config-invalid' : cause),
    };
  },
};
