import { sops } from '@coldstart/tools';
import { parse } from 'yaml';
import { type Question, said } from './common.ts';

/** sops. */
export const ofSops: readonly Question[] = [
  {
    name: 'sops: own version',
    tool: 'sops',
    argv: sops.version.argv,
    read: sops.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '3.13.3' },
  },
  {
    name: 'sops: decrypt',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talsecret.sops.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: (stdout) => Object.keys(parse(stdout) as object),
    expected: { exit: 0, read: ['cluster', 'secrets', 'trustdinfo', 'certs'] },
  },
  {
    name: 'sops: without a key',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talsecret.sops.yaml'],
    read: said,
    expected: { exit: 128, read: 'Failed to get the data key required to decrypt the SOPS file' },
  },
  {
    name: 'sops: a file that is none',
    tool: 'sops',
    argv: ['-d', 'nowhere.sops.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: said,
    expected: { exit: 100, read: 'nowhere.sops.yaml' },
  },
  {
    name: 'sops: a file that is not encrypted',
    tool: 'sops',
    argv: ['-d', 'clusters/infra/talos/talconfig.yaml'],
    env: { SOPS_AGE_KEY_FILE: 'age.key' },
    read: said,
    expected: { exit: 1, read: 'sops metadata not found' },
  },
];
