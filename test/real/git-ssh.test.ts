/**
 * What the real git and ssh say of a deploy key, and what we make of it: with the argv, the environment and the files of
 * `flux/deploy-key`, against a server that lets in one key.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Action } from '@coldstart/contract';
import { firstWords, lsRemoteFailure, parseLsRemote, secretText } from '@coldstart/tools';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { deployKey } from '../../plugins/flux/src/steps/deploy-key.ts';
import { must, run } from './children.ts';
import type { Finished } from './children.ts';
import { startSources } from './flux/sources.ts';
import type { Sources } from './flux/sources.ts';
import type { Key } from './flux/git-ssh.ts';

let dir: string;
let sources: Sources;
let commit: string;
const keys: Record<string, Key> = {};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-git-ssh-'));
  sources = await startSources({ toolchain: inject('toolchain'), dir });
  await mkdir(join(dir, 'work'));
  await writeFile(join(dir, 'work/file'), 'text\n');
  commit = await sources.git.publish('fleet', join(dir, 'work'), { branch: 'main' });
  for (const name of ['deploy', 'other']) keys[name] = await sources.ssh.makeKey(name);
  keys['locked'] = await sources.ssh.makeKey('locked', 'a-passphrase-of-this-test');
  await sources.ssh.letsIn(keys['deploy']!, keys['locked']!);
});
afterAll(async () => {
  await sources?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The step's own call for a repository and branch. */
const call = (url: string, branch: string): Extract<Action, { do: 'exec' }> => {
  const facts = {
    'kubernetes/kubeconfig': { path: 'kubeconfig', context: 'infra' },
    'flux/source': { namespace: 'flux-system', secret: 'flux-system', deployKey: 'key.yaml.tpl', url, branch },
    'flux/policy': { tryKey: { deadline: 20_000, retries: 0 } },
  } as unknown as Parameters<typeof deployKey.plan>[0]['facts'];
  const found = deployKey.plan({ key: 'cluster', item: undefined, facts }).find(({ id }) => id === 'try');
  if (found?.do !== 'exec') throw new Error('the step tries no key');
  return found;
};

let nth = 0;
/** Makes that call as the engine does: the values of the Secret as private files, named by variables. */
const tried = async (
  secret: { identity: string; known_hosts: string },
  { url = sources.ssh.url('fleet'), branch = 'main', agent = '' } = {},
): Promise<Finished & { action: Action }> => {
  const action = call(url, branch);
  const data = Object.entries(secret).map(([key, text]) => `  ${key}: ${Buffer.from(text).toString('base64')}\n`);
  const filled = `kind: Secret\nmetadata: { name: flux-system, namespace: flux-system }\ndata:\n${data.join('')}`;
  const env: Record<string, string> = { PATH: '/usr/bin:/bin', HOME: dir, LC_ALL: 'C', SSH_AUTH_SOCK: agent };
  for (const [name, value] of Object.entries(action.env ?? {})) {
    if (typeof value === 'string') env[name] = value;
    else if ('file' in value && 'fn' in value.file) {
      const path = join(dir, `private file ${(nth += 1)}`);
      const { namespace, name: of, key } = value.file.with as { namespace: string; name: string; key: string };
      await writeFile(path, secretText(Buffer.from(filled), { namespace, name: of, key }), { mode: 0o600 });
      env[name] = path;
    }
  }
  const argv = action.argv.map(String);
  return { ...(await run('git', argv, { cwd: dir, env, deadline: 60_000 })), action };
};
const judged = ({ action, exit, stderr }: Finished & { action: Action }) =>
  lsRemoteFailure({ action, how: 'exit', exit, text: stderr }, 'main');
const right = () => ({ identity: keys['deploy']!.identity, known_hosts: sources.ssh.knownHosts() });

describe('a deploy key that is let in', () => {
  test.each([
    ['as ssh-keygen wrote it', (text: string) => text],
    ['whose last line does not end', (text: string) => text.trimEnd()],
    ['with the line ends of another system', (text: string) => text.replaceAll('\n', '\r\n')],
  ])('%s', async (_, written) => {
    const done = await tried({ ...right(), identity: written(keys['deploy']!.identity) });
    expect([done.exit, parseLsRemote(done.stdout)], done.stderr).toEqual([0, { 'refs/heads/main': commit }]);
  });

  test('a key in an agent does not answer in its place', async () => {
    const socket = join(dir, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { env: { PATH: '/usr/bin:/bin' }, stdio: 'ignore' });
    try {
      const env = { PATH: '/usr/bin:/bin', SSH_AUTH_SOCK: socket };
      await expect.poll(() => run('ssh-add', ['-l'], { env, deadline: 5000 })).toMatchObject({ exit: 1 });
      await must('ssh-add', ['-q', keys['deploy']!.path], { env, deadline: 5000 });
      const other = { ...right(), identity: keys['other']!.identity };
      expect((await tried(other, { agent: socket })).stderr).toContain('Permission denied (publickey)');
      // The agent does open the door to whoever asks it.
      const ssh = `ssh -F /dev/null -o UserKnownHostsFile=${join(dir, 'known')} -o BatchMode=yes`;
      await writeFile(join(dir, 'known'), sources.ssh.knownHosts());
      const asked = ['ls-remote', sources.ssh.url('fleet')];
      await must('git', asked, { env: { ...env, GIT_SSH_COMMAND: ssh }, deadline: 20_000 });
    } finally {
      agent.kill('SIGTERM');
    }
  });
});

describe('what is wrong is said', () => {
  test.each<[string, () => Parameters<typeof tried>, object]>([
    [
      'a key that is not let in',
      () => [{ ...right(), identity: keys['other']!.identity }],
      { kind: 'fatal', cause: 'the Git server refuses the deploy key' },
    ],
    [
      'a key with a passphrase',
      () => [{ ...right(), identity: keys['locked']!.identity }],
      { kind: 'fatal', remedy: expect.stringContaining('passphrase') },
    ],
    [
      'a key that is cut off',
      () => [{ ...right(), identity: keys['deploy']!.identity.slice(0, 150) }],
      { kind: 'fatal', cause: 'the deploy key is no readable private key' },
    ],
    [
      'the public half in its place',
      () => [{ ...right(), identity: keys['deploy']!.publicKey }],
      { kind: 'fatal', cause: 'the deploy key is no readable private key' },
    ],
    [
      'a host that is not known',
      () => [{ ...right(), known_hosts: 'git.example.com ssh-ed25519 AAAA\n' }],
      { kind: 'fatal', refuse: true, cause: expect.stringContaining('not in known_hosts') },
    ],
    [
      'a host that shows another key',
      () => [{ ...right(), known_hosts: sources.ssh.knownHosts(keys['other']!.publicKey) }],
      { kind: 'fatal', refuse: true, cause: expect.stringContaining('not in known_hosts') },
    ],
    [
      'a repository that is not there',
      () => [right(), { url: sources.ssh.url('nowhere') }],
      { kind: 'fatal', cause: 'the Git server refuses the deploy key' },
    ],
    [
      'a branch that is not there',
      () => [right(), { branch: 'nowhere' }],
      { kind: 'fatal', cause: 'the remote has no branch main' },
    ],
    [
      'a server that is not there',
      () => [right(), { url: 'ssh://git@127.0.0.1:9/fleet.git' }],
      { kind: 'transient', cause: 'the Git server could not be reached' },
    ],
  ])('%s', async (_, told, expected) => {
    const done = await tried(...told());
    expect(judged(done), done.stderr).toMatchObject(expected);
  });

  test('in one line, also where ssh puts a frame before it', async () => {
    const done = await tried({ ...right(), known_hosts: sources.ssh.knownHosts(keys['other']!.publicKey) });
    const said = firstWords({ how: 'exit', exit: done.exit, stdout: new Uint8Array(), stderr: done.stderr });
    expect(said).toMatch(/^Host key for \[127\.0\.0\.1\]:\d+ has changed/);
  });
});
