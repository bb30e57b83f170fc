import { describe, expect, it } from 'vitest';
import {
  git,
  lsRemoteFailure,
  op,
  opFailure,
  parseAccounts,
  parseFileStatus,
  parseGitVersion,
  parseLsRemote,
  parseSopsVersion,
  sops,
  sopsFailure,
  SSH_WITH_KEY,
} from '../src/index.ts';
import { failureOf, recording } from './recording.ts';

describe('git', () => {
  it('reads the refs of a remote', () => {
    expect(parseLsRemote(recording('git/ls-remote-ok').stdout)).toEqual({
      'refs/heads/main': '7c801a3460b4bfadae9cf34f88e0ed4aef224816',
    });
    expect(parseLsRemote('')).toEqual({});
  });
  it.each([
    ['a branch that is not there', failureOf('git/ls-remote-branch-missing'), 'fatal', /no branch release/],
    ['a server that does not answer', failureOf('git/ls-remote-ssh-refused'), 'transient', /could not be reached/],
    [
      'a refused key',
      { ...failureOf('git/ls-remote-ssh-refused'), text: 'git@host: Permission denied (publickey).' },
      'fatal',
      /refuses the deploy key/,
    ],
    [
      'another host key',
      { ...failureOf('git/ls-remote-ssh-refused'), text: 'Host key verification failed.' },
      'fatal',
      /host key/,
    ],
    ['no answer at all', failureOf('git/ls-remote-branch-missing', 'deadline'), 'transient', /in time/],
  ])('%s', (_, failure, kind, cause) => {
    const judged = lsRemoteFailure(failure, 'release');
    expect(judged.kind).toBe(kind);
    expect(judged.cause).toMatch(cause);
  });
  it('lets nothing but the deploy key answer', () => {
    for (const part of [
      '-F /dev/null',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=yes',
      'BatchMode=yes',
    ])
      expect(SSH_WITH_KEY).toContain(part);
  });
  it.each([
    ['ls-remote --exit-code --heads -- ssh://x main', true],
    ['-C repo status --porcelain', true],
    ['remote get-url origin', true],
    ['remote add x y', false],
    ['push', false],
    ['config user.name x', false],
  ])('git %s only reads: %s', (line, reads) => expect(git.reads(line.split(' '))).toBe(reads));
  it('reads its version', () => expect(parseGitVersion('git version 2.47.1.windows.2')).toBe('2.47.1'));
});

describe('sops', () => {
  it('reads what it says of itself and of files', () => {
    expect(parseSopsVersion(recording('sops/exec-version').stdout)).toBe('3.13.3');
    expect(parseFileStatus(recording('sops/filestatus').stdout)).toBe(true);
    expect(parseFileStatus(recording('sops/filestatus-plain').stdout)).toBe(false);
    expect(parseFileStatus('')).toBeUndefined();
  });
  it.each([
    ['sops/decrypt-no-key', /none of the keys/],
    ['sops/decrypt-wrong-key', /none of the keys/],
    ['sops/decrypt-plain-file', /not encrypted/],
    ['sops/decrypt-tampered', /changed by hand or is damaged/],
    ['sops/missing-file', /not there/],
  ])('%s', (name, cause) => {
    expect(sopsFailure(failureOf(name))).toMatchObject({ kind: 'fatal' });
    expect(sopsFailure(failureOf(name)).cause).toMatch(cause);
  });
  it.each([
    ['-d x.sops.yaml', true],
    ['-d -i x.sops.yaml', false],
    ['filestatus x', true],
    ['-e x', false],
    ['x.sops.yaml', false],
  ])('sops %s only reads: %s', (line, reads) => expect(sops.reads(line.split(' '))).toBe(reads));
});

describe('op', () => {
  it('counts accounts', () => {
    expect(parseAccounts('[{"url":"example.1password.com"}]')).toBe(1);
    expect(parseAccounts('')).toBe(0);
    expect(parseAccounts('no')).toBeUndefined();
  });
  it.each([
    ['inject -i secrets.yaml.tpl', true],
    ['inject -i x -o y', false],
    ['account list --format json', true],
    ['item delete x', false],
    ['item create', false],
  ])('op %s only reads: %s', (line, reads) => expect(op.reads(line.split(' '))).toBe(reads));
  it.each([
    ['[ERROR] You are not currently signed in. Please run `op signin --help`', 'fatal', /not signed in/],
    [`[ERROR] could not resolve item UUID: "x" isn't an item`, 'fatal', /not there/],
    ['[ERROR] something new', 'transient', /something new/],
  ])('%s', (text, kind, cause) => {
    const judged = opFailure({ ...failureOf('sops/missing-file'), exit: 1, text });
    expect(judged.kind).toBe(kind);
    expect(judged.cause).toMatch(cause);
  });
});
