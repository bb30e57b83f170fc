import type { Action, ChangingStep, Failure, Judgement, Transform } from '@coldstart/contract';
import {
  annotation,
  applyAction,
  dig,
  fillSecrets,
  fluxOwner,
  getObjects,
  kubectlFailure,
  lsRemoteFailure,
  opFailure,
  secretText,
  SSH_WITH_KEY,
  str,
  TEMPLATE_ANNOTATION,
} from '@coldstart/tools';
import { accessFrom, policyFrom, sourceFrom, type FluxSource } from '../facts.ts';
import { whyOf } from '../look/flux.ts';

/**
 * The Secret with which Flux reads the repository. The key is tried first, from here: a key that the Git server refuses,
 * or a branch that is not there, is told before anything is applied.
 */
export const deployKey: ChangingStep = {
  id: 'flux/deploy-key',
  kind: 'change',
  phase: 'core',
  title: "Flux' deploy key",
  needs: ['kubernetes/kubeconfig', 'flux/source', 'flux/policy'],
  provides: ['flux/deploy-key'],
  settle: () => ({ every: 2000, within: 30_000, stableFor: 0 }),
  retry: (facts) => ({ first: 5000, factor: 2, max: 30_000, retries: policyFrom(facts).tryKey.retries, jitter: 0.2 }),
  observe: async ({ facts, world }) => {
    const source = sourceFrom(facts);
    if (source.secret === null) return { state: 'done', signals: [], facts: { 'flux/deploy-key': null } };
    const id = `${source.namespace}/${source.secret}`;
    const got = await getObjects(world, accessFrom(facts), [
      'secrets',
      '-n',
      source.namespace,
      '--ignore-not-found',
      source.secret,
    ]);
    if (got.is !== 'objects')
      return { state: 'unknown', signals: [], cause: `the Secret ${id} could not be looked at: ${whyOf(got)}` };
    const live = got.objects.find((o) => o.metadata.name === source.secret);
    const owner = live && fluxOwner(live);
    const fits =
      live !== undefined &&
      (source.digest === null || owner !== undefined || annotation(live, TEMPLATE_ANNOTATION) === source.digest);
    const observed = !live
      ? 'missing'
      : owner
        ? `there, taken over by ${owner}`
        : source.digest === null
          ? 'there, by other means'
          : fits
            ? 'made from the template'
            : 'made from another template, or by hand';
    const signals = [
      {
        name: 'Secret',
        subject: id,
        expected: 'there',
        observed,
        ok: fits,
        source: `kubectl get secrets, annotation ${TEMPLATE_ANNOTATION}`,
      },
    ];
    if (fits) return { state: 'done', signals, facts: { 'flux/deploy-key': id } };
    if (source.deployKey === null)
      return {
        state: 'blocked',
        signals,
        cause: `the Secret ${id}, which the GitRepository names, is not there, and no template of it was found`,
        remedy:
          'Add bootstrap/<cluster>/deploy-key.yaml.tpl with its op:// references, or make the Secret by hand; then run the same command again.',
        page: 'deploy-key-missing',
      };
    return { state: 'needed', signals, cause: `${id} is ${observed}` };
  },
  plan: ({ facts }) => {
    const source = sourceFrom(facts);
    if (source.secret === null || source.deployKey === null) return [];
    return [
      inject(source.deployKey),
      ...tryKey(source, policyFrom(facts).tryKey.deadline),
      apply(facts, source, source.deployKey, source.secret),
    ];
  },
  classify,
};

const inject = (template: string): Action => ({
  id: 'read',
  why: '1Password holds the deploy key',
  risk: 'read',
  guard: [],
  do: 'exec',
  tool: 'op',
  argv: ['inject', '-i', template],
  deadline: 60_000,
  stop: { signal: 'SIGTERM', grace: 5000, kill: true },
  out: { as: 'filled', secret: true, keep: 'none', known: { read: template } },
});

/**
 * Lists the branch with this key and these host keys only. Over https Flux wants user and password, for which git would need
 * a helper program: there the key is not tried, and GitRepository's own condition tells.
 */
function tryKey(source: FluxSource, deadline: number): Action[] {
  if (!source.url.startsWith('ssh:')) return [];
  const value = (key: string) => ({
    file: {
      fn: 'flux/secret-value',
      in: [{ ref: 'out/filled' }],
      with: { namespace: source.namespace, name: source.secret ?? '', key },
    },
  });
  return [
    {
      id: 'try',
      why: 'the key must open the repository, and the branch must be there, before Flux is given the key',
      target: source.url,
      risk: 'read',
      guard: [],
      do: 'exec',
      tool: 'git',
      argv: ['ls-remote', '--exit-code', '--heads', '--', source.url, source.branch],
      env: {
        GIT_SSH_COMMAND: SSH_WITH_KEY,
        GIT_TERMINAL_PROMPT: '0',
        COLDSTART_DEPLOY_KEY: value('identity'),
        COLDSTART_KNOWN_HOSTS: value('known_hosts'),
      },
      deadline,
      stop: { signal: 'SIGTERM', grace: 5000, kill: true },
      out: { as: 'heads', secret: false, keep: 'excerpt' },
    },
  ];
}

function apply(facts: Parameters<typeof accessFrom>[0], source: FluxSource, template: string, secret: string): Action {
  const id = `${source.namespace}/${secret}`;
  return applyAction(accessFrom(facts), {
    id: 'apply',
    why: 'Flux reads the repository with it',
    target: id,
    from: { stdin: { fn: 'flux/fill-secret', in: [{ ref: 'out/filled' }, { read: template }], with: { only: [id] } } },
    force: true,
    guard: ['helmfile/cluster'],
    deadline: 60_000,
  });
}

function classify(failure: Failure): Judgement {
  const { action } = failure;
  if (action.do !== 'exec') return kubectlFailure(failure);
  if (action.tool === 'op') return opFailure(failure);
  if (action.tool !== 'git') return kubectlFailure(failure);
  return {
    page: 'deploy-key-refused',
    ...lsRemoteFailure(failure, action.argv.filter((a): a is string => typeof a === 'string').at(-1) ?? ''),
  };
}

/** Inputs: what `op inject` made, and its template. */
export const fillSecretTransform: Transform = ([filled, template], options) => {
  const only = dig(options, 'only');
  return fillSecrets(
    filled ?? new Uint8Array(),
    template ?? new Uint8Array(),
    Array.isArray(only) ? only.filter((n): n is string => typeof n === 'string') : [],
  );
};

/** Input: what `op inject` made; one value of one Secret comes out, decoded. */
export const secretValueTransform: Transform = ([filled], options) =>
  secretText(filled ?? new Uint8Array(), {
    namespace: str(options, 'namespace') ?? '',
    name: str(options, 'name') ?? '',
    key: str(options, 'key') ?? '',
  });
