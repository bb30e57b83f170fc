import type { CheckingStep, Reader, Signal } from '@coldstart/contract';
import { askAgain, helm, kubectl, lookForTools, op, parseAccounts, sops, textOf } from '@coldstart/tools';
import { secretFilesFrom } from '../facts.ts';
import { helmfile } from '../tool.ts';

/** helmfile, helm and kubectl are there; op and SOPS too, and ready to read, where Secrets are made with them. */
export const tools: CheckingStep = {
  id: 'helmfile/tools',
  kind: 'preflight',
  phase: 'prereqs',
  title: 'Tools for the bootstrap',
  needs: ['helmfile/secrets'],
  provides: [],
  observe: async ({ facts, world }) => {
    const files = secretFilesFrom(facts);
    const [byOp, bySops] = [files.some((f) => f.by === 'op'), files.filter((f) => f.by === 'sops')];
    const found = await lookForTools(world, [
      helmfile,
      helm,
      kubectl,
      ...(byOp ? [op] : []),
      ...(bySops.length > 0 ? [sops] : []),
    ]);
    const ready: Signal[] = [];
    if (byOp && !found.missing.includes('op')) ready.push(await opReady(world));
    if (!found.missing.includes('sops')) for (const file of bySops) ready.push(await sopsReady(world, file.path));
    const signals = [...found.signals, ...ready];
    const notReady = ready.filter((s) => !s.ok);
    if (found.missing.length === 0 && notReady.length === 0)
      return { state: 'done', signals, deviations: found.deviations };
    return {
      state: 'blocked',
      signals,
      deviations: found.deviations,
      cause: [
        ...found.missing.map((name) => `${name} is not installed`),
        ...notReady.map((s) => `${s.subject}: ${String(s.observed)}`),
      ].join('; '),
      remedy: [
        ...(found.missing.length > 0 ? [`Install ${found.missing.join(', ')}, and put it on the PATH.`] : []),
        ...(notReady.some((s) => s.name === 'op')
          ? ['Sign in with `eval $(op signin)`, or set OP_SERVICE_ACCOUNT_TOKEN.']
          : []),
        ...(notReady.some((s) => s.name === 'sops') ? ['Set SOPS_AGE_KEY_FILE to the key that .sops.yaml names.'] : []),
      ].join(' '),
    };
  },
};

/**
 * Whether op can be asked without asking a person now: a token is set, or an account is known. `op whoami` would call the
 * desktop app's way of signing in (a fingerprint at the first read) not signed in.
 */
async function opReady(world: Reader): Promise<Signal> {
  const signal = (observed: string, ok: boolean, source: string): Signal => ({
    name: 'op',
    subject: '1Password',
    expected: 'an account or a token',
    observed,
    ok,
    source,
  });
  for (const name of ['OP_SERVICE_ACCOUNT_TOKEN', 'OP_CONNECT_TOKEN'])
    if ((world.env(name) ?? '') !== '') return signal(`${name} is set`, true, 'environment');
  const done = await askAgain(world, { tool: 'op', argv: ['account', 'list', '--format', 'json'], deadline: 15_000 });
  const accounts = done.exit === 0 ? parseAccounts(textOf(done.stdout)) : undefined;
  return signal(
    accounts === undefined
      ? 'op did not tell'
      : accounts === 0
        ? 'no account and no token'
        : `${accounts} account${accounts === 1 ? '' : 's'}`,
    (accounts ?? 0) > 0,
    'op account list',
  );
}

/** Whether the key at hand decrypts a file. What comes out is not looked at. */
async function sopsReady(world: Reader, path: string): Promise<Signal> {
  const done = await askAgain(world, { tool: 'sops', argv: ['-d', path], deadline: 30_000 });
  const ok = done.how === 'exit' && done.exit === 0;
  return {
    name: 'sops',
    subject: path,
    expected: 'can be decrypted',
    observed: ok
      ? 'can be decrypted'
      : done.exit === 128
        ? 'none of the keys at hand decrypts it'
        : `sops -d ended with exit ${done.exit ?? 'unknown'}`,
    ok,
    source: 'sops -d',
  };
}
