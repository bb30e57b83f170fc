import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, test } from 'vitest';
import { ignored } from '../../src/tools/git/ignore.ts';
import { jsonpath, Unplayed } from '../../src/tools/kubectl/jsonpath.ts';
import { age } from '../../src/tools/kubectl/table.ts';
import { BuildError, build, NotPlayed } from '../../src/kubernetes/manifests/kustomize.ts';
import { KubeWorld } from './world.ts';

const source = (files: Record<string, string>) => ({
  read: (path: string) => (files[path] === undefined ? undefined : new TextEncoder().encode(files[path])),
  list: (folder: string) =>
    Object.keys(files)
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1)),
});
const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('kustomize build', () => {
  test('resources of files and folders, namespace, labels, patches', () => {
    const objects = build(
      source({
        'a/kustomization.yaml':
          'namespace: n\nlabels: [{pairs: {l: v}}]\nresources: [./b, c.yaml]\npatches: [{target: {kind: ConfigMap, name: c}, patch: "data: {x: y}\\n"}]\n',
        'a/b/kustomization.yaml': 'resources: [b.yaml]\n',
        'a/b/b.yaml': map('b'),
        'a/c.yaml': map('c'),
      }),
      'a',
    );
    expect(objects).toEqual([
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b', namespace: 'n', labels: { l: 'v' } } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'c', namespace: 'n', labels: { l: 'v' } },
        data: { x: 'y' },
      },
    ]);
  });
  test.each<[string, Record<string, string>, new (...args: never[]) => Error]>([
    ['a folder without a kustomization', { 'a/x.yaml': map('x') }, BuildError],
    ['YAML that is none', { 'a/kustomization.yaml': 'resources: [x.yaml]', 'a/x.yaml': 'a: b: c\n' }, BuildError],
    ['a field that the lab does not play', { 'a/kustomization.yaml': 'helmCharts: []\n' }, NotPlayed],
    ['a remote resource', { 'a/kustomization.yaml': 'resources: ["https://example.com/x.yaml"]\n' }, NotPlayed],
  ])('%s', (_what, files, error) => expect(() => build(source(files), 'a')).toThrow(error));

  test("the example's roots build", async () => {
    const root = new URL('../../../../examples/k8s-ops/', import.meta.url);
    const read = (path: string): Uint8Array | undefined => {
      try {
        return readFileSync(new URL(path, root));
      } catch {
        return undefined;
      }
    };
    const names = (folder: string): string[] =>
      read(`${folder}/kustomization.yaml`) === undefined ? [] : ['kustomization.yaml'];
    const kinds = build({ read, list: names }, 'clusters/infra/flux').map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'Kustomization').length).toBeGreaterThan(5);
    expect(kinds).toContain('OCIRepository');
  });
});

describe('git', () => {
  test.each<[string, Record<string, string>, string, boolean]>([
    ['a name anywhere', { '.gitignore': 'kubeconfig\n' }, 'a/b/kubeconfig', true],
    ['anchored', { '.gitignore': '/kubeconfig\n' }, 'a/kubeconfig', false],
    ['a folder and all below it', { '.gitignore': 'kubernetes/\n' }, 'kubernetes/kubeconfig', true],
    ['a folder pattern is no file', { '.gitignore': 'kubeconfig/\n' }, 'kubeconfig', false],
    ['a star stays in its folder', { '.gitignore': 'a/*.key\n' }, 'a/b/x.key', false],
    ['two stars do not', { '.gitignore': 'a/**/x.key\n' }, 'a/b/c/x.key', true],
    ['taken back', { '.gitignore': '*.key\n!age.key\n' }, 'age.key', false],
    ['by a file further down', { 'a/.gitignore': 'x\n' }, 'a/x', true],
    ['a comment', { '.gitignore': '#x\n' }, '#x', false],
    ['nothing', {}, 'x', false],
    ['outside', { '.gitignore': '*\n' }, '../x', false],
  ])('ignores %s', (_what, files, path, expected) =>
    expect(
      ignored(
        {
          read: (file) =>
            source(Object.fromEntries(Object.entries(files).map(([name, text]) => [`/r/${name}`, text]))).read(file),
        },
        '/r',
        path,
      ),
    ).toBe(expected),
  );
});

describe('op', () => {
  const template =
    'stringData:\n  a: "op://vault/item/token"\n  b: {{ op://vault/item/section/key_b64 }}\n  c: plain\n';
  test('fills references with throw-away values, the same each time', async () => {
    const world = new KubeWorld();
    world.files.set('/repo/t.tpl', template);
    const told = await world.run('op', ['inject', '-i', 't.tpl'], { probe: true });
    expect(told.exit).toBe(0);
    const { stringData } = parse(told.stdout) as { stringData: Record<string, string> };
    expect(told.stdout).not.toContain('op://');
    expect(stringData['c']).toBe('plain');
    expect(stringData['a']).toMatch(/^lab[0-9a-f]{41}$/);
    expect(Buffer.from(stringData['b'] as string, 'base64').toString()).toMatch(/^throw-away lab/);
    expect((await world.run('op', ['inject'], { stdin: template })).stdout).toBe(told.stdout);
    expect((await new KubeWorld({ seed: 2 }).run('op', ['inject'], { stdin: template })).stdout).not.toBe(told.stdout);
  });
  test.each([
    ['not signed in', ['whoami'], { OP_SESSION: 'none' }, /account is not signed in/],
    ['a reference without a field', ['inject'], {}, /invalid secret reference 'op:\/\/vault\/item'/],
    ['a template that is not there', ['inject', '-i', 'nope'], {}, /open nope: no such file or directory/],
  ])('%s', async (_what, argv, env, message) => {
    const told = await new KubeWorld().run('op', argv, { env, stdin: 'a: op://vault/item\n' });
    expect(told.exit).toBe(1);
    expect(told.stderr).toMatch(message);
  });
});

describe('kubeconform', () => {
  const run = (stdin: string, ...argv: string[]) =>
    new KubeWorld().run('kubeconform', ['-summary', '-output', 'json', ...argv], { stdin, probe: true });
  test.each([
    ['valid', map('a'), { valid: 1, invalid: 0, errors: 0, skipped: 0 }, 0],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', { valid: 0, invalid: 0, errors: 1, skipped: 0 }, 1],
    ['a name that is none', map('"A B"'), { valid: 0, invalid: 1, errors: 0, skipped: 0 }, 1],
    [
      'a kind without a schema',
      'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n',
      { valid: 0, invalid: 0, errors: 1, skipped: 0 },
      1,
    ],
  ])('%s', async (_what, text, summary, exit) => {
    const told = await run(text);
    expect(told.exit).toBe(exit);
    expect((JSON.parse(told.stdout) as { summary: object }).summary).toEqual(summary);
  });
});

describe('kubectl', () => {
  const data = {
    items: [
      { metadata: { name: 'a', labels: { 'x.y/z': '1' } }, c: [{ type: 'Ready', status: 'True' }] },
      { metadata: { name: 'b' } },
    ],
  };
  test.each([
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[0].metadata.labels.x\\.y/z}', '1'],
    ['{range .items[*]}{.metadata.name}{"\\n"}{end}', 'a\nb\n'],
    ['{.items[0].c[?(@.type=="Ready")].status}', 'True'],
    ['{.items[-1].metadata.name}', 'b'],
    ['{.none}', ''],
    ['{.items[1].metadata}', '{"name":"b"}'],
  ])('JSONPath %s', (path, expected) => expect(jsonpath(path, data)).toBe(expected));
  test('JSONPath that the lab does not play', () => expect(() => jsonpath('{.items[0:2]}', data)).toThrow(Unplayed));
  test.each([
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [192, '3m12s'],
    [33 * 60 + 5, '33m'],
    [5 * 3600, '5h'],
    [3 * 86_400, '3d'],
  ])('an age of %i s is %s', (seconds, expected) =>
    expect(age('2027-01-04T08:00:00Z', new Date(Date.UTC(2027, 0, 4, 8) + seconds * 1000).toISOString())).toBe(
      expected,
    ),
  );
});
