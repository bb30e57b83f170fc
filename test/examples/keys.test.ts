import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keysIn } from './keys.ts';
import { project } from './repository.ts';

const allowList = readFileSync(join(project, 'examples/THROWAWAY-KEYS.txt'), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => /^(?<path>\S+)\s+# (?<reason>\S.*)$/.exec(line)?.groups ?? { path: line, reason: '' });

/** What Git holds or would take with the next `git add`. */
function filesOfProject(): string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const isFile = (path: string) => lstatSync(join(project, path), { throwIfNoEntry: false })?.isFile() ?? false;
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && isFile(path));
}

const holders = filesOfProject()
  .map((path) => ({ path, kinds: keysIn(readFileSync(join(project, path), 'utf8')) }))
  .filter(({ kinds }) => kinds.length > 0);

test('each line of the allow-list gives a path and a reason', () => {
  expect(allowList.length).toBeGreaterThan(0);
  expect(allowList.filter(({ reason }) => reason === '')).toEqual([]);
  expect(new Set(allowList.map(({ path }) => path)).size).toBe(allowList.length);
});

test('no file holds a key but those of the allow-list', () => {
  const allowed = new Set(allowList.map(({ path }) => path));
  expect(holders.filter(({ path }) => !allowed.has(path))).toEqual([]);
});

test('no line of the allow-list has outlived its key', () => {
  const holding = new Set(holders.map(({ path }) => path));
  expect(allowList.map(({ path }) => path).filter((path) => !holding.has(path!))).toEqual([]);
});

test('the age key says in its first line that it is a throw-away', () => {
  const [first] = readFileSync(join(project, 'examples/k8s-ops/age.key'), 'utf8').split('\n');
  expect(first).toMatch(/^# THROW-AWAY/);
});

// Made here and now, so that this file itself holds none.
const ed25519 = generateKeyPairSync('ed25519');
const pem = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicPem = ed25519.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const base64 = (text: string) => Buffer.from(text).toString('base64');
const letters = (length: number) => randomBytes(length).toString('hex').slice(0, length);

test.each([
  ['a private key', pem, ['private key']],
  ['a private key inside JSON', JSON.stringify({ key: pem }), ['private key']],
  ['the key of a Talos CA', `key: ${base64(pem.replaceAll('PRIVATE', 'ED25519 PRIVATE'))}`, ['private key in base64']],
  ['an age key', `AGE-SECRET-KEY-1${letters(58).toUpperCase()}`, ['age key']],
  ['a machine token', `  token: ${letters(6)}.${letters(16)}`, ['Talos token']],
  ['a bootstrap token of the secrets bundle', `bootstraptoken: ${letters(6)}.${letters(16)}`, ['Talos token']],
  ['a cluster secret', `  secret: ${randomBytes(32).toString('base64')}`, ['Talos secret']],
  ['an etcd encryption key', `secretboxEncryptionSecret: ${randomBytes(32).toString('base64')}`, ['Talos secret']],
  ['a public key', publicPem, []],
  ['a public key in base64', `crt: ${base64(publicPem)}`, []],
  ['an encrypted value', `token: ENC[AES256_GCM,data:${randomBytes(24).toString('base64')},type:str]`, []],
  ['a reference', 'token: "op://vault/item/token"', []],
  ['the words alone', 'matches -----BEGIN PRIVATE KEY----- in a text that goes on for longer than a key would be', []],
])('%s', (_, text, kinds) => {
  expect(keysIn(text)).toEqual(kinds);
});
