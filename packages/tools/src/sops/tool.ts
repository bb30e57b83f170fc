import type { Failure, Judgement, Tool } from '@coldstart/contract';
import { hasFlag, words } from '../argv.ts';
import { judge } from '../failure.ts';
import { dig, parseJson } from '../json.ts';

const VALUED = new Set(['--config', '--input-type', '--output-type', '--extract']);

/** https://getsops.io/docs/ */
export const sops: Tool = {
  name: 'sops',
  version: { argv: ['--version', '--disable-version-check'], parse: parseSopsVersion },
  known: { from: '3.8.0', below: '4.0.0' },
  reads: (argv) => {
    if (hasFlag(argv, '-i', '--in-place', '--output', '-e', '--encrypt', '-r', '--rotate', '-s', '--set')) return false;
    return (
      hasFlag(argv, '--version', '-d', '--decrypt') || ['decrypt', 'filestatus'].includes(words(argv, VALUED)[0] ?? '')
    );
  },
  env: [
    'SOPS_AGE_KEY',
    'SOPS_AGE_KEY_FILE',
    'SOPS_AGE_KEY_CMD',
    'SOPS_AGE_SSH_PRIVATE_KEY_FILE',
    'SOPS_PGP_FP',
    'GNUPGHOME',
    'AWS_PROFILE',
    'AWS_REGION',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'VAULT_ADDR',
    'VAULT_TOKEN',
  ],
};

export function parseSopsVersion(stdout: string): string | null {
  return stdout.match(/^sops (\d+\.\d+\.\d+)/m)?.[1] ?? null;
}

/** Whether `sops filestatus` calls the file encrypted; undefined where it said nothing readable. */
export function parseFileStatus(stdout: string): boolean | undefined {
  const encrypted = dig(parseJson(stdout), 'encrypted');
  return typeof encrypted === 'boolean' ? encrypted : undefined;
}

/** What a failed `sops -d` means. Decrypting changes nothing, so nothing is ever ambiguous. */
export function sopsFailure(failure: Failure): Judgement {
  const fatal = (cause: string, remedy: string): Judgement => ({ kind: 'fatal', cause, remedy });
  if (failure.exit === 128 || /no master key was able to decrypt|Failed to get the data key/.test(failure.text))
    return fatal(
      'none of the keys at hand decrypts the file',
      'Set SOPS_AGE_KEY_FILE to the key that .sops.yaml names, and run the same command again.',
    );
  if (failure.exit === 100) return fatal('the file to decrypt is not there', 'Mend its path in the configuration.');
  if (failure.exit === 1 && /metadata not found/.test(failure.text))
    return fatal(
      'the file is not encrypted with SOPS',
      'Encrypt it with `sops encrypt --in-place`, and change what was readable in it.',
    );
  if (failure.exit === 25 || /MAC mismatch|Error decrypting tree/.test(failure.text))
    return fatal(
      'the encrypted file was changed by hand or is damaged',
      'Take it back from Git, and edit it with `sops` only.',
    );
  const judged = judge(failure, [], 'sops');
  return judged.kind === 'ambiguous' ? { ...judged, kind: 'transient' } : judged;
}
