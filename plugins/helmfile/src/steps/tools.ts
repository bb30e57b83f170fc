import { succeeded, type CheckingStep, type Reader, type Signal } from '@coldstart/contract';
import {
  askAgain,
  helm,
  kubectl,
  lookForTools,
  missingTools,
  op,
  parseAccounts,
  sops,
  textOf,
  whyNot,
} from '@coldstart/tools';
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
    const ready: Ready[] = [];
    if (byOp && !found.missing.includes('op')) ready.push(await opReady(world));
    if (!found.missing.includes('sops')) for (const file of bySops) ready.push(await sopsReady(world, file.path));
    const signals = [...found.signals, ...ready.map((r) => r.signal)];
    const { deviations } = found;
    const missing = missingTools(found.missing);
    const notReady = ready.filter((r) => !r.signal.ok);
    if (!missing && notReady.length === 0) return { state: 'done', signals, deviations };
    const why = notReady.map(({ signal }) => `${signal.subject}: ${String(signal.observed)}`);
    return {
      // A tool that told nothing may be ready all the same; what is missing, or said no, is not.
      state: !missing && notReady.every((r) => !r.told) ? 'unknown' : 'blocked',
      signals,
      deviations,
      cause: [...(missing ? [missing.cause] : []), ...why].join('; '),
      remedy: [
        ...(missing ? [missing.remedy] : []),
        ...(notReady.some((r) => r.signal.name === 'op')
          ? ['Sign in with `eval $(op signin)`, or set OP_SERVICE_ACCOUNT_TOKEN.']
          : []),
        ...(notReady.some((r) => r.signal.name === 'sops')
          ? ['Set SOPS_AGE_KEY_FILE to the key that .sops.yaml names.']
          : []),
      ].join(' '),
      ...(missing && { page: 'tools-missing' }),
    };
  },
};

/** `told`: whether the tool answered at all; where it hung or failed before it could say, nothing is known of it. */
type Ready = { signal: Signal & { subject: string }; told: boolean };

/**
 * Whether op can be asked without asking a person now: a token is set, or an account is known. `op whoami` would call the
 * desktop app's way of signing in (a fingerprint at the first read) not signed in.
 */
async function opReady(world: Reader): Promise<Ready> {
  const ready = (observed: string, ok: boolean, source: string, told = true): Ready => ({
    signal: { name: 'op', subject: '1Password', expected: 'an account or a token', observed, ok, source },
    told,
  });
  for (const name of ['OP_SERVICE_ACCOUNT_TOKEN', 'OP_CONNECT_TOKEN'])
    if ((world.env(name) ?? '') !== '') return ready(`${name} is set`, true, 'environment');
  const done = await askAgain(world, { tool: 'op', argv: ['account', 'list', '--format', 'json'], deadline: 15_000 });
  const accounts = succeeded(done) ? parseAccounts(textOf(done.stdout)) : undefined;
  const source = 'op account list';
  if (accounts === undefined)
    return ready(`op did not tell (${succeeded(done) ? 'no readable JSON' : whyNot(done)})`, false, source, false);
  if (accounts === 0) return ready('no account and no token', false, source);
  return ready(`${accounts} account${accounts === 1 ? '' : 's'}`, true, source);
}

/** Whether the key at hand decrypts a file. What comes out is not looked at. */
async function sopsReady(world: Reader, path: string): Promise<Ready> {
  const done = await askAgain(world, { tool: 'sops', argv: ['-d', path], deadline: 30_000 });
  const told = done.how === 'exit';
  const ok = told && done.exit === 0;
  const observed = ok
    ? 'can be decrypted'
    : !told
      ? `sops did not tell (${whyNot(done)})`
      : done.exit === 128
        ? 'none of the keys at hand decrypts it'
        : `sops -d ended with exit ${done.exit ?? 'unknown'}`;
  return {
    signal: { name: 'sops', subject: path, expected: 'can be decrypted', observed, ok, source: 'sops -d' },
    told,
  };
}
