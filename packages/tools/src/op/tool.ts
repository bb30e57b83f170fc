import type { Failure, Judgement, Tool } from '@coldstart/contract';
import { hasFlag, words } from '../argv.ts';
import { judge, type FailureRule } from '../failure.ts';
import { parseJson } from '../json.ts';

const VALUED = new Set(['-i', '--in-file', '--account', '--format', '--session', '--vault']);

/** 1Password's command line: https://developer.1password.com/docs/cli/ */
export const op: Tool = {
  name: 'op',
  version: { argv: ['--version'], parse: (stdout) => stdout.match(/^(\d+\.\d+\.\d+)/m)?.[1] ?? null },
  known: { from: '2.18.0', below: '3.0.0' },
  reads: (argv) => {
    if (hasFlag(argv, '-o', '--out-file')) return false;
    const [command, below] = words(argv, VALUED);
    if (command === undefined) return argv.includes('--version');
    return (
      ['inject', 'read', 'whoami'].includes(command) ||
      (['account', 'vault', 'item'].includes(command) && (below === 'list' || below === 'get'))
    );
  },
  env: [
    'OP_SERVICE_ACCOUNT_TOKEN',
    'OP_CONNECT_HOST',
    'OP_CONNECT_TOKEN',
    'OP_ACCOUNT',
    'OP_SESSION',
    'OP_BIOMETRIC_UNLOCK_ENABLED',
    'XDG_CONFIG_HOME',
  ],
};

/** How many accounts `op account list --format json` knows; undefined where it said nothing readable. */
export function parseAccounts(stdout: string): number | undefined {
  if (stdout.trim() === '') return 0;
  const value = parseJson(stdout);
  return Array.isArray(value) ? value.length : undefined;
}

const RULES: readonly FailureRule[] = [
  {
    pattern:
      /not (currently )?signed in|no accounts configured|session expired|authorization (prompt dismissed|timeout)|You are not currently signed in/i,
    kind: 'fatal',
    cause: 'op is not signed in to 1Password',
    remedy: 'Sign in (`eval $(op signin)`), or set OP_SERVICE_ACCOUNT_TOKEN, and run the same command again.',
  },
  {
    pattern:
      /isn't an item|isn't a (vault|field)|could not (find|resolve|get) (item|secret reference)|does not have a field|isn't a valid secret reference|not found in vault/i,
    kind: 'fatal',
    cause: 'a reference in the template names a vault, item or field that is not there',
    remedy: 'Mend the reference, or make the item in the vault; `op read` on one reference tells which.',
  },
  {
    pattern: /401|403|Unauthorized|Forbidden|doesn't have access/i,
    kind: 'fatal',
    cause: '1Password refuses the access',
    remedy: 'Give the account or token access to the vault that the template names.',
  },
  {
    pattern: /Too Many Requests|rate limit|429/i,
    kind: 'transient',
    cause: '1Password limits the rate of requests',
    remedy: 'Wait a little, and run the same command again.',
  },
];

/** What a failed `op inject` or `op read` means. It changes nothing, so nothing is ever ambiguous. */
export function opFailure(failure: Failure): Judgement {
  const judged = judge(failure, RULES, 'op');
  return judged.kind === 'ambiguous' ? { ...judged, kind: 'transient' } : judged;
}
