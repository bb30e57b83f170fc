import type { ConfigSection } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { readConfiguration } from '../src/config/read.ts';
import { memoryFiles } from './support/files.ts';

/** A plugin's section as a plugin would bring it: one number, one path, one list. */
const section: ConfigSection = {
  section: 'sample',
  jsonSchema: { type: 'object' },
  flags: { width: 'apply.width', SAMPLE_FILE: 'file' },
  validate: (value) => {
    const { apply = {}, file = 'default' } = (value ?? {}) as { apply?: { width?: unknown }; file?: unknown };
    const width = apply.width ?? 1;
    if (typeof width !== 'number') {
      return {
        issues: [{ path: ['apply', 'width'], found: `the ${typeof width} ${String(width)}`, expected: 'a number' }],
      };
    }
    return { value: { apply: { width }, file: String(file) } };
  },
};

type Told = { flags?: Record<string, string | number>; env?: Record<string, string>; cluster?: string };
const read = (yaml: string | Uint8Array | undefined, { flags = {}, env = {}, cluster = 'infra' }: Told = {}) =>
  readConfiguration(memoryFiles(yaml === undefined ? {} : { 'coldstart.yaml': yaml }), {
    cluster,
    told: undefined,
    plugins: [section],
    origin: { flags, env: (name) => env[name] },
  });

describe('errors name file, line, column, what was found and what was expected', () => {
  test.each([
    ['an empty file', '', '1:1: found null; expected a mapping'],
    ['a list', '- a\n', '1:1: found a list; expected a mapping'],
    ['no version', 'slo: {}\n', '1:1: found nothing; expected 1'],
    ['a version from the future', 'version: 2\n', '1:10: found the number 2; expected 1'],
    [
      'a misspelt section',
      'version: 1\nsmaple: {}\n',
      '2:1: found the key "smaple"; expected "sample" (known: clusters, evidence, kubernetes, lock, sample, slo, version)',
    ],
    [
      'a misspelt key',
      'version: 1\nevidence:\n  story: x\n  dirr: y\n',
      '4:3: found the key "dirr"; expected "dir" (known: dir, story)',
    ],
    ['a wrong type', 'version: 1\nevidence: { dir: 7 }\n', '2:18: found the number 7; expected a string'],
    [
      'a duration that is none',
      'version: 1\nslo:\n  total: soon\n',
      '3:10: found the string "soon"; expected a duration such as 90s, 7m or 1h30m',
    ],
    [
      'an SLO of a phase that is none',
      'version: 1\nslo: { phases: { crd: 1m } }\n',
      '2:18: found the key "crd"; expected "crds" (known: core, crds, prereqs, talos, validation)',
    ],
    [
      'a remote that would be taken for a flag',
      'version: 1\nlock: { git: --upload-pack=x }\n',
      '2:14: found the string "--upload-pack=x"; expected the name of a remote such as origin, or its ssh, https or file URL without a password',
    ],
    [
      'a remote that is a folder of the repository',
      'version: 1\nclusters: { infra: { lock: { git: ./vendor/x.git } } }\n',
      '2:35: found the string "./vendor/x.git"; expected the name of a remote such as origin, or its ssh, https or file URL without a password',
    ],
    [
      "a plugin's value",
      'version: 1\nsample:\n  apply:\n    width: wide\n',
      '4:12: found the string wide; expected a number',
    ],
    [
      "a plugin's value of a cluster",
      'version: 1\nclusters:\n  infra:\n    sample: { apply: { width: wide } }\n',
      '4:31: found the string wide; expected a number',
    ],
    [
      'a shorthand of a cluster',
      'version: 1\nclusters:\n  infra:\n    kubeconfig: []\n',
      '4:17: found a list; expected a string',
    ],
    [
      "a cluster's misspelt key",
      'version: 1\nclusters:\n  apps:\n    kubeconfg: x\n',
      '4:5: found the key "kubeconfg"; expected "kubeconfig"',
    ],
    [
      "a cluster's name",
      'version: 1\nclusters:\n  In_fra: {}\n',
      '3:3: found the name "In_fra"; expected lower-case letters',
    ],
    [
      'a key that stands twice',
      'version: 1\nslo: {}\nslo: {}\n',
      '3:1: found a key that stands there twice; expected each key once',
    ],
    ['a custom tag', 'version: 1\nevidence: !env HOME\n', '2:11: found a custom tag'],
    ['a second document', 'version: 1\n---\nversion: 1\n', '2:1: found a second document; expected one document'],
    ['a key that is no string', 'version: 1\n? [a]\n: b\n', '2:3: found a key that is not a string'],
    ['broken YAML', 'version: [1\n', 'expected valid YAML'],
    [
      'a prototype',
      'version: 1\n__proto__: { polluted: true }\n',
      '2:1: found the key "__proto__"; expected a key that is a setting',
    ],
    ['a prototype deeper down', 'version: 1\nsample:\n  constructor: {}\n', '3:3: found the key "constructor"'],
    [
      'many aliases',
      `version: 1\nsample:\n  a: &a x\n  b: [${Array(30).fill('*a').join(', ')}]\n`,
      'found more than 20 aliases; expected values written out',
    ],
    [
      'deep nesting',
      `version: 1\nsample: ${'['.repeat(60)}${']'.repeat(60)}\n`,
      'found more nesting; expected at most 32 levels',
    ],
    [
      'bytes that are no text',
      new Uint8Array([0x76, 0xff, 0xfe]),
      'coldstart.yaml: found bytes that are not UTF-8; expected UTF-8 text',
    ],
    [
      'a huge file',
      new Uint8Array(1024 * 1024 + 1),
      'coldstart.yaml: found 1048577 bytes; expected at most 1048576 bytes',
    ],
  ])('%s', async (_, yaml, said) => {
    await expect(read(yaml)).rejects.toMatchObject({ exit: 2, message: expect.stringContaining(said) as string });
  });

  test('aliases that multiply are refused without being written out', async () => {
    const levels = [
      'a: &a [x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`),
    ];
    await expect(read(`version: 1\nsample:\n  ${levels.join('\n  ')}\n`)).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('more than 20 aliases') as string,
    });
  });

  test('all findings at once, in the order of the file', async () => {
    const error = await read('version: 1\nzzz: 1\nslo: { total: x }\nevidence: []\n').catch((e: Error) => e.message);
    expect(
      String(error)
        .split('\n')
        .slice(1)
        .map((line) => /yaml:(\d+)/.exec(line)?.[1]),
    ).toEqual(['2', '3', '4']);
  });
});

describe('precedence', () => {
  const yaml =
    'version: 1\nsample: { apply: { width: 2 }, file: top }\nclusters: { infra: { sample: { apply: { width: 3 } }, context: mine } }\n';
  const width = async (told: Told) =>
    ((await read(yaml, told)).sections['sample'] as { apply: { width: number } }).apply.width;

  test('nothing told: defaults, and no file is needed', async () => {
    expect(await read(undefined)).toEqual({
      file: null,
      sections: { kubernetes: {}, sample: { apply: { width: 1 }, file: 'default' } },
      evidence: { dir: 'docs/qa/evidence', story: 'coldstart' },
      slo: { total: null, phases: {} },
      clusters: [],
    });
  });

  test("a cluster's own value over the section's, the rest stays", async () => {
    expect((await read(yaml)).sections).toEqual({
      kubernetes: { context: 'mine' },
      sample: { apply: { width: 3 }, file: 'top' },
    });
    expect(await width({ cluster: 'apps' })).toBe(2);
  });

  test('environment over file, flag over environment', async () => {
    expect(await width({ env: { COLDSTART_WIDTH: '4' } })).toBe(4);
    expect(await width({ env: { COLDSTART_WIDTH: '4' }, flags: { width: 5 } })).toBe(5);
    expect((await read(yaml, { env: { SAMPLE_FILE: '/x' } })).sections['sample']).toMatchObject({ file: '/x' });
  });

  test('an empty variable is one that is not set', async () => {
    expect(await width({ env: { COLDSTART_WIDTH: '' } })).toBe(3);
  });

  test('the remote of the lock: none, by the file, for one cluster, by the environment', async () => {
    const lock = async (file: string, told: Told = {}) => (await read(`version: 1\n${file}`, told)).sections['lock'];
    expect(await lock('')).toBeUndefined();
    expect(await lock('lock: {}\n')).toBeUndefined();
    const file = 'lock: { git: origin }\nclusters: { apps: { lock: { git: upstream } } }\n';
    expect(await lock(file)).toEqual({ git: 'origin' });
    expect(await lock(file, { cluster: 'apps' })).toEqual({ git: 'upstream' });
    expect(await lock(file, { env: { COLDSTART_LOCK_GIT: 'elsewhere' } })).toEqual({ git: 'elsewhere' });
    await expect(lock(file, { env: { COLDSTART_LOCK_GIT: '-x' } })).rejects.toThrow('found the string "-x"');
  });

  const withRemote = (remote: string) => read(`version: 1\nlock: { git: ${JSON.stringify(remote)} }\n`);

  test.each([
    'origin',
    'git@git.example.com:team/repository.git',
    'ssh://git@git.example.com:2222/team/repository.git',
    'https://git.example.com/team/repository.git',
    'file:///srv/locks.git',
  ])('%j is a remote for the lock', async (remote) => {
    expect((await withRemote(remote)).sections['lock']).toEqual({ git: remote });
  });

  test.each([
    'https://user:word@git.example.com/x.git',
    'https://word@git.example.com/x.git',
    'ssh://git:word@git.example.com/x.git',
    'ssh://-oProxyCommand=x/y',
    'git@git.example.com:-x',
    'ext::sh -c x',
    '../other',
    'vendor/x.git',
    '/srv/locks.git',
    'http://git.example.com/x.git',
    'or\nigin',
    '',
  ])('%j is none, and no password or token of it is repeated', async (remote) => {
    const error = await withRemote(remote).then(String, (reason: Error) => reason.message);
    expect(error).toContain(
      'expected the name of a remote such as origin, or its ssh, https or file URL without a password',
    );
    expect(error).not.toContain('word@');
  });

  test('evidence by flag, environment, file', async () => {
    const file = 'version: 1\nevidence: { story: file }\nslo: { total: 1h, phases: { crds: 90s } }\n';
    const story = async (told: Told) => (await read(file, told)).evidence.story;
    expect(await story({})).toBe('file');
    expect(await story({ env: { COLDSTART_STORY: 'env' } })).toBe('env');
    expect(await story({ env: { COLDSTART_STORY: 'env' }, flags: { story: 'flag' } })).toBe('flag');
    expect((await read(file)).slo).toEqual({ total: 3_600_000, phases: { crds: 90_000 } });
  });
});
