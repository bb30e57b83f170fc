import type { Done, Failure, Judgement } from '@coldstart/contract';
import { judge, type FailureRule } from '../failure.ts';
import { whyNot } from '../why-not.ts';

/** The commit of each ref that `git ls-remote` lists, by ref. */
export function parseLsRemote(stdout: string): Record<string, string> {
  const refs: Record<string, string> = {};
  for (const [, commit, ref] of stdout.matchAll(/^([0-9a-f]{40}|[0-9a-f]{64})\t(\S+)$/gm))
    if (commit && ref) refs[ref] = commit;
  return refs;
}

/**
 * How ssh is called with a deploy key, and with nothing else: neither the operator's own keys and agent nor their
 * configuration may answer in its place. git gives this text to a shell, so the two private files come by variable; ssh takes
 * the option apart at blanks once more, hence the second quotes.
 */
export const SSH_WITH_KEY =
  'ssh -F /dev/null -i "$COLDSTART_DEPLOY_KEY" -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes ' +
  '-o UserKnownHostsFile="\\"$COLDSTART_KNOWN_HOSTS\\"" -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes -o ConnectTimeout=10';

/**
 * How ssh is called where the operator's own access is asked: their keys and agent, found by their own configuration, but
 * no question, no unknown host, and none of the commands that such a configuration can name for a connection.
 */
export const SSH_AS_OPERATOR =
  'ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10 -o ProxyCommand=none -o PermitLocalCommand=no';

/** The environment of every call that speaks to a remote: no question to anybody, and texts that can be told from each other. */
export const unasked = (ssh: string): Record<string, string> => ({
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: '',
  GIT_SSH_COMMAND: ssh,
  LC_ALL: 'C',
});

/**
 * What went wrong, in one line: git ends with advice ("Please make sure …"), and what went wrong stands first, or before it in
 * a frame of ssh's. User and password of a URL are left out, since a token may stand in either place.
 */
export function firstWords(done: Done): string {
  const lines = done.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Warning:'));
  const said = lines[0]?.startsWith('@') ? lines.find((line) => /^Host key .* has changed/.test(line)) : lines[0];
  return withoutLogins(said?.slice(0, 300) || whyNot(done));
}

export const withoutLogins = (text: string): string => text.replaceAll(/:\/\/[^\s/@'"]{1,500}@/g, '://');

const RULES: readonly FailureRule[] = [
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|No \S+ host key is known/,
    kind: 'fatal',
    refuse: true,
    cause: 'the Git server shows a host key that is not in known_hosts',
    remedy:
      "Compare the server's host key with what its makers publish, and mend known_hosts in the deploy key's Secret.",
  },
  // ssh goes on without it, and is refused: what is wrong is the key.
  {
    pattern: /invalid format|error in libcrypto|Load key .*: /,
    kind: 'fatal',
    cause: 'the deploy key is no readable private key',
    remedy: 'Mend the item in the vault: an unencrypted OpenSSH private key, base64 where the template says so.',
  },
  {
    pattern:
      /Permission denied|publickey|Repository not found|ERROR: Repository|Authentication failed|could not read Username|access denied/i,
    kind: 'fatal',
    cause: 'the Git server refuses the deploy key',
    remedy:
      'Add the public half of the key as a read-only deploy key of the repository, or mend the key in the vault: one with a passphrase opens nothing here.',
  },
  {
    pattern:
      /Connection refused|Connection timed out|Operation timed out|Could not resolve host|Temporary failure in name resolution|No route to host|Network is unreachable|Connection reset|Connection closed/,
    kind: 'transient',
    cause: 'the Git server could not be reached',
    remedy: 'Look whether the Git server answers from here; then run the same command again.',
  },
];

/** What a failed `git ls-remote --exit-code` means: 2 is a branch that is not there, 128 everything else. */
export function lsRemoteFailure(failure: Failure, branch: string): Judgement {
  if (failure.how === 'exit' && failure.exit === 2)
    return {
      kind: 'fatal',
      cause: `the remote has no branch ${branch}`,
      remedy: `Push it (\`git push origin HEAD:${branch}\`), or name the right branch in the Flux source.`,
    };
  const judged = judge(failure, RULES, 'git');
  // Listing refs changes nothing: what is unclear may simply be tried again.
  return judged.kind === 'ambiguous' ? { ...judged, kind: 'transient' } : judged;
}
