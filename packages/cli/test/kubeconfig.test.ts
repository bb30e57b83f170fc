import { describe, expect, test } from 'vitest';
import { isIgnoredByGit } from '../src/survey/git-ignore.ts';
import { type KubeconfigOrigin, kubeconfigSurvey } from '../src/survey/kubeconfig.ts';
import { memoryFiles } from './support/files.ts';

type Told = {
  files?: Record<string, string>;
  env?: Record<string, string>;
  flags?: KubeconfigOrigin['flags'];
  config?: Record<string, string>;
};

async function survey({ files = {}, env = {}, flags = {}, config = {} }: Told) {
  const found = await kubeconfigSurvey({ root: '/repo', home: '/home/me', env: (name) => env[name], flags }).run({
    cluster: 'infra',
    files: memoryFiles(files),
    config,
    facts: {},
  });
  return {
    ...(found.facts['kubernetes/kubeconfig'] as { path: string; context: string }),
    assumed: found.assumed,
    read: found.read,
  };
}

const git = { '/repo/.git/HEAD': 'ref: refs/heads/main\n' };

describe('where the kubeconfig is', () => {
  test('outside of Git: the default path, relative to the root', async () => {
    expect(await survey({})).toEqual({ path: 'kubernetes/kubeconfig', context: 'infra', assumed: [], read: [] });
  });

  test("in a work tree that ignores it: the same, and the rule's file counts as read", async () => {
    const files = { ...git, '/repo/.gitignore': 'kubernetes/kubeconfig\n' };
    expect(await survey({ files })).toEqual({
      path: 'kubernetes/kubeconfig',
      context: 'infra',
      assumed: [],
      read: ['.gitignore'],
    });
  });

  test('in a work tree that would pick it up: outside of it, and that is said', async () => {
    expect(await survey({ files: git })).toMatchObject({
      path: '/home/me/.kube/coldstart/infra',
      assumed: [
        'kubernetes/kubeconfig lies in a Git work tree and is not ignored, so the kubeconfig goes to ~/.kube/coldstart/infra',
      ],
    });
  });

  test('the repository is a folder of a larger work tree', async () => {
    const files = { '/.git/HEAD': '', '/repo/.gitignore': 'kubeconfig\n' };
    expect((await survey({ files })).path).toBe('kubernetes/kubeconfig');
  });

  test.each<[string, Told, string, string]>([
    [
      'configuration',
      { config: { kubeconfig: 'out/{cluster}.kube', context: 'admin@{cluster}' } },
      'out/infra.kube',
      'admin@infra',
    ],
    [
      'environment over configuration',
      { env: { KUBECONFIG: '/etc/kube', CONTEXT: 'env' }, config: { kubeconfig: 'x' } },
      '/etc/kube',
      'env',
    ],
    [
      'flag over environment',
      { flags: { kubeconfig: 'k', context: 'flag' }, env: { KUBECONFIG: '/etc/kube', CONTEXT: 'env' } },
      'k',
      'flag',
    ],
    ['home', { config: { kubeconfig: '~/.kube/{cluster}' } }, '/home/me/.kube/infra', 'infra'],
    [
      'variables',
      { config: { kubeconfig: '${STATE}/$NAME' }, env: { STATE: '/var/state', NAME: 'kube' } },
      '/var/state/kube',
      'infra',
    ],
    ['a path inside the root, written absolute', { flags: { kubeconfig: '/repo/a/b' } }, 'a/b', 'infra'],
  ])('%s', async (_, told, path, context) => {
    expect(await survey(told)).toMatchObject({ path, context });
  });

  test('KUBECONFIG with several files: the first, and that is said', async () => {
    expect(await survey({ env: { KUBECONFIG: '/a:/b' } })).toMatchObject({
      path: '/a',
      assumed: ['KUBECONFIG names 2 files; the first one is used: /a'],
    });
  });

  test.each<[string, Told, string]>([
    ['a variable that is not set', { config: { kubeconfig: '$NOPE/x' } }, 'uses the variable NOPE, which is not set'],
    ['a context like a flag', { flags: { context: '--token=x' } }, 'begins with "-"'],
  ])('%s is refused', async (_, told, said) => {
    await expect(survey(told)).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(said) as string });
  });
});

describe('git ignores', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['a name anywhere', { '.gitignore': 'kubeconfig\n' }, true],
    ['a folder above', { '.gitignore': '/a/\n' }, true],
    ['a pattern', { '.gitignore': 'a/**/kube*\n' }, true],
    ['something else', { '.gitignore': 'b/kubeconfig\n' }, false],
    ['a rule of a deeper file', { 'a/.gitignore': '/b/kubeconfig\n' }, true],
    ['a rule taken back deeper down', { '.gitignore': 'kubeconfig\n', 'a/b/.gitignore': '!kubeconfig\n' }, false],
    [
      'a rule in an ignored folder cannot be taken back',
      { '.gitignore': 'a/\n', 'a/b/.gitignore': '!kubeconfig\n' },
      true,
    ],
    ["the clone's own excludes", { '.git/info/exclude': 'kubeconfig\n' }, true],
    [
      'excludes are weaker than .gitignore',
      { '.git/info/exclude': 'kubeconfig\n', '.gitignore': '!kubeconfig\n' },
      false,
    ],
    ['letters matter', { '.gitignore': 'KUBECONFIG\n' }, false],
    ['no rule', {}, false],
  ])('%s', async (_, files, ignored) => {
    const absolute = Object.fromEntries(Object.entries(files).map(([path, text]) => [`/repo/${path}`, text]));
    expect((await isIgnoredByGit('/repo', 'a/b/kubeconfig', memoryFiles(absolute))).ignored).toBe(ignored);
  });
});
