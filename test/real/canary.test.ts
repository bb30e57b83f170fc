import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

import { filesHolding, formsOf, holds, misplaced, secretsOfCopies, watchFor } from './canary.ts';

const forms = formsOf(['canary-of-this-test-1']);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'coldstart-canary-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const inFolder = (name: string): string => join(folder, name);

test('a value is found in contents and names, however deep, and in base64', () => {
  mkdirSync(inFolder('a/b'), { recursive: true });
  writeFileSync(inFolder('a/b/content'), 'x canary-of-this-test-1 y');
  writeFileSync(inFolder('a/b/base64'), Buffer.from('canary-of-this-test-1').toString('base64'));
  writeFileSync(inFolder('canary-of-this-test-1'), '');
  writeFileSync(inFolder('harmless'), 'x');
  expect(filesHolding(folder, forms).toSorted()).toEqual(
    ['a/b/base64', 'a/b/content', 'canary-of-this-test-1'].map(inFolder),
  );
  expect(filesHolding(inFolder('nowhere'), forms)).toEqual([]);
});

test('a value is found in base64 wherever in the encoded text it stands', () => {
  for (const before of ['', 'a', 'ab', 'abc'])
    for (const after of ['', 'a', 'ab', 'abc'])
      expect(holds(Buffer.from(`${before}canary-of-this-test-1${after}`).toString('base64'), forms)).toBe(true);
  expect(holds(Buffer.from('canary-of-this-test-2').toString('base64'), forms)).toBe(false);
});

test.each([
  ['ed25519', 'pkcs8'],
  ['ec', 'pkcs8'],
  ['ec', 'sec1'],
  ['rsa', 'pkcs1'],
  ['rsa', 'pkcs8'],
] as const)('a key (%s, %s) is found however it is written, and its public half is not', (type, format) => {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 4096 })
        : generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ type: format as 'pkcs8', format: 'pem' }).toString();
  const ofKey = formsOf([Buffer.from(pem).toString('base64')]);
  for (const text of [
    pem,
    JSON.stringify({ pem }),
    pem.replaceAll('\n', '\n    '),
    Buffer.from(`key: ${pem}`).toString('base64'),
  ])
    expect(holds(text, ofKey)).toBe(true);
  const open = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  for (const text of [
    open,
    Buffer.from(open).toString('base64'),
    JSON.stringify(pair.publicKey.export({ format: 'jwk' })),
  ])
    expect(holds(text, ofKey)).toBe(false);
});

test("the example's secrets are all looked for, and each is where it belongs; one that is elsewhere, or not there, is named", () => {
  cpSync(fileURLToPath(new URL('../../examples/k8s-ops', import.meta.url)), inFolder('copy'), { recursive: true });
  const canaries = secretsOfCopies([inFolder('copy')]);
  const kinds = [
    'machine.token',
    'machine.ca.key',
    'cluster.secret',
    'cluster.token',
    'cluster.secretboxEncryptionSecret',
  ];
  const keys = ['cluster.ca.key', 'cluster.aggregatorCA.key', 'cluster.serviceAccount.key', 'cluster.etcd.ca.key'];
  const of = (cluster: string): string[] => [
    ...[...kinds, ...keys].map((name) => `${cluster} ${cluster}-${cluster}-01.yaml ${name}`),
    `${cluster} talosconfig contexts.${cluster}.key`,
  ];
  expect(canaries.map(({ name }) => name).toSorted()).toEqual([...of('apps'), ...of('infra'), 'age.key'].toSorted());
  expect(misplaced(folder, canaries)).toEqual([]);

  const config = inFolder('copy/clusters/infra/talos/clusterconfig/infra-infra-01.yaml');
  const { cluster } = parse(readFileSync(config, 'utf8')) as { cluster: { ca: { key: string } } };
  const line = Buffer.from(cluster.ca.key, 'base64').toString().split('\n')[1] ?? '';
  writeFileSync(inFolder('journal.jsonl'), JSON.stringify({ said: `x ${line} y` }));
  cpSync(inFolder('copy/age.key'), inFolder('copy/age.key.orig'));
  rmSync(inFolder('copy/age.key'));
  expect(misplaced(folder, canaries).toSorted()).toEqual(
    [
      `${inFolder('copy/age.key.orig')} holds age.key`,
      `${inFolder('copy/age.key')} holds no age.key`,
      `${inFolder('journal.jsonl')} holds infra infra-infra-01.yaml cluster.ca.key`,
    ].toSorted(),
  );
});

test('a watch sees a file that gets the value late and for a moment, and a process that has it in its arguments', async () => {
  writeFileSync(inFolder('late'), 'harmless for now........');
  const watch = watchFor([{ name: 'the canary', forms, places: [] }], folder);
  const holder = execFile(process.execPath, ['-e', 'setTimeout(() => {}, 1500)', 'canary-of-this-test-1']);
  await sleep(400);
  // As long as what stood there before.
  writeFileSync(inFolder('late'), 'x canary-of-this-test-1 ');
  await sleep(400);
  rmSync(inFolder('late'));
  await sleep(200);
  const { found, samples, programs } = await watch.end();
  holder.kill();
  expect(found.toSorted()).toEqual([
    `${inFolder('late')} holds the canary`,
    `process ${holder.pid}: ${process.execPath} holds the canary`,
  ]);
  expect(samples).toBeGreaterThan(3);
  expect(programs).toContain(process.execPath);
});
