import type { Action, ChangingStep, Failure, Judgement, Signal, Transform } from '@coldstart/contract';
import {
  annotation,
  applyAction,
  dig,
  fillSecrets,
  fluxOwner,
  getObjects,
  kubectlFailure,
  opFailure,
  sopsFailure,
  TEMPLATE_ANNOTATION,
} from '@coldstart/tools';
import { accessFrom, policyFrom, secretFilesFrom } from '../facts.ts';
import { idOf, type SecretFile } from '../survey/types.ts';

/**
 * The Secrets that releases and Flux start from, made by `op inject` from a template or by `sops -d` from a file. Values go from
 * the tool's stdout to kubectl's stdin, and nowhere else.
 */
export const secrets: ChangingStep<SecretFile> = {
  id: 'helmfile/secrets',
  kind: 'change',
  phase: 'prereqs',
  title: 'Secrets',
  needs: ['kubernetes/kubeconfig', 'helmfile/namespaces-ready', 'helmfile/secrets', 'helmfile/policy'],
  provides: ['helmfile/secrets-ready'],
  forEach: (facts) => secretFilesFrom(facts).map((file) => ({ key: file.path, item: file })),
  limit: () => ({ n: 1, hold: 'settled', onFailure: 'stop' }),
  settle: () => ({ every: 2000, within: 30_000, stableFor: 0 }),
  retry: (facts) => ({ first: 5000, factor: 2, max: 30_000, retries: policyFrom(facts).secret.retries, jitter: 0.2 }),
  observe: async ({ item, facts, world }) => {
    const access = accessFrom(facts);
    const spaces = [...new Set(item.secrets.map((s) => s.namespace))];
    const signals: Signal[] = [];
    for (const namespace of spaces) {
      const wanted = item.secrets.filter((s) => s.namespace === namespace);
      const got = await getObjects(world, access, [
        'secrets',
        '-n',
        namespace,
        '--ignore-not-found',
        ...wanted.map((s) => s.name),
      ]);
      if (got.is !== 'objects')
        return {
          state: 'unknown',
          signals,
          cause: `the Secrets in ${namespace} could not be looked at: ${got.is === 'failed' ? got.why : 'the API server serves none'}`,
        };
      for (const secret of wanted) {
        const live = got.objects.find((o) => o.metadata.name === secret.name);
        const owner = live && fluxOwner(live);
        const observed = !live
          ? 'missing'
          : owner
            ? `taken over by ${owner}`
            : annotation(live, TEMPLATE_ANNOTATION) === secret.digest
              ? 'made from it'
              : 'made from another template, or by hand';
        const ok =
          live !== undefined && (owner !== undefined || annotation(live, TEMPLATE_ANNOTATION) === secret.digest);
        signals.push({
          name: 'Secret',
          subject: idOf(secret),
          expected: 'made from it',
          observed,
          ok,
          source: `kubectl get secrets, annotation ${TEMPLATE_ANNOTATION}`,
        });
      }
    }
    const bad = signals.filter((s) => !s.ok);
    if (bad.length > 0)
      return { state: 'needed', signals, cause: bad.map((s) => `${s.subject} is ${String(s.observed)}`).join(', ') };
    return { state: 'done', signals, facts: { 'helmfile/secrets-ready': item.secrets.map(idOf) } };
  },
  plan: ({ item, facts }) => {
    const names = item.secrets.map(idOf);
    const read: Action = {
      id: 'read',
      why:
        item.by === 'op'
          ? '1Password holds the values that the template refers to'
          : 'the values stand encrypted in the repository',
      risk: 'read',
      guard: [],
      do: 'exec',
      tool: item.by === 'op' ? 'op' : 'sops',
      argv: item.by === 'op' ? ['inject', '-i', item.path] : ['-d', item.path],
      deadline: policyFrom(facts).secret.deadline,
      stop: { signal: 'SIGTERM', grace: 5000, kill: true },
      out: { as: 'filled', secret: true, keep: 'none', known: { read: item.path } },
    };
    const apply = applyAction(accessFrom(facts), {
      id: 'apply',
      why: 'releases and Flux start from these Secrets',
      target: names.join(', '),
      from: {
        stdin: { fn: 'helmfile/fill-secrets', in: [{ ref: 'out/filled' }, { read: item.path }], with: { only: names } },
      },
      force: true,
      guard: ['helmfile/cluster'],
      deadline: 60_000,
    });
    return [read, apply];
  },
  classify,
  criteria: [{ id: 'secrets-ready', title: 'the Secrets that core services start from are there', needs: 'lab-wire' }],
};

function classify(failure: Failure): Judgement {
  const tool = failure.action.do === 'exec' ? failure.action.tool : '';
  return tool === 'op' ? opFailure(failure) : tool === 'sops' ? sopsFailure(failure) : kubectlFailure(failure);
}

/** Inputs: what came out of op or sops, and the file it was made from. */
export const fillSecretsTransform: Transform = ([filled, template], options) => {
  const only = dig(options, 'only');
  return fillSecrets(
    filled ?? new Uint8Array(),
    template ?? new Uint8Array(),
    Array.isArray(only) ? only.filter((n): n is string => typeof n === 'string') : [],
  );
};
