/** What stands in for tools that cannot be built here says so, and says otherwise what was recorded of the real ones. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { op } from '@coldstart/tools';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { parseCiliumVersion } from '../../../plugins/cilium/src/tool.ts';
import { run } from '../children.ts';
import type { Finished } from '../children.ts';
import { example } from '../wire/repository.ts';
import { toolEnvironment } from '../world.ts';

const recording = async (name: string): Promise<{ argv: string[]; exit: number; stdout: string; stderr: string }> => {
  const text = await readFile(new URL(`../../recordings/${name}.txt`, import.meta.url), 'utf8');
  const match = /^\$ \S+ (.*)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n?([\s\S]*)$/.exec(text);
  if (!match) throw new Error(`${name} is not a recording`);
  return { argv: (match[1] ?? '').split(' '), exit: Number(match[2]), stdout: match[3] ?? '', stderr: match[4] ?? '' };
};

let dir: string;
let folder: string;
let ask: (tool: string, argv: readonly string[]) => Promise<Finished>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-shims-'));
  await cp(example, join(dir, 'repository'), { recursive: true });
  folder = join(dir, 'repository/clusters/infra/talos');
  const env = await toolEnvironment(join(dir, 'home'), inject('toolchain'));
  ask = (tool, argv) => run(tool, [...argv], { cwd: folder, env, deadline: 60_000 });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('the label', () => {
  test.for([
    ['op', ['--version'], (said: string) => op.version.parse(said, ''), '2.31.1'],
    ['cilium', ['version', '--client'], parseCiliumVersion, null],
    ['talhelper', ['-v'], (said: string) => /version (\S+)/.exec(said)?.[1], '3.1.5'],
  ] as const)(
    '%s says that it is simulated, and its version can still be read',
    async ([tool, argv, parse, version]) => {
      const { exit, stdout } = await ask(tool, argv);
      expect(exit).toBe(0);
      expect(stdout).toMatch(/\bcoldstart-lab\b/);
      expect(parse(stdout)).toBe(version);
    },
  );
});

describe('talhelper', () => {
  /** The recorder's cluster had two nodes; here it is the example's six. */
  const plain = (text: string): string =>
    text
      .replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME')
      .split('\n')
      .filter((line) => !/infra-0[2356]|192\.0\.2\.(1[23]|2[23])\b/.test(line))
      .join('\n')
      .replaceAll('192.0.2.21', '192.0.2.14')
      .trimEnd();

  test.for([
    ['gencommand-apply'],
    ['gencommand-bootstrap'],
    ['gencommand-health'],
    ['gencommand-kubeconfig'],
    ['validate'],
    ['genconfig-offline'],
    ['genconfig-again'],
    ['no-talconfig'],
  ])('%s', async ([name = '']) => {
    const was = await recording(`talhelper/${name}`);
    const done = await ask('talhelper', was.argv);
    expect({ exit: done.exit, stdout: plain(done.stdout), stderr: plain(done.stderr) }).toEqual({
      exit: was.exit,
      stdout: plain(was.stdout),
      stderr: plain(was.stderr),
    });
  });

  test('renders what the repository holds already', async () => {
    const committed = await readFile(join(example, 'clusters/infra/talos/clusterconfig/infra-infra-01.yaml'), 'utf8');
    expect((await ask('talhelper', ['genconfig', '--offline-mode', '-o', 'elsewhere'])).exit).toBe(0);
    expect(await readFile(join(folder, 'elsewhere/infra-infra-01.yaml'), 'utf8')).toBe(committed);
  });

  test.for([['genconfig-bad-field'], ['validate-bad-field']])('%s', async ([name = '']) => {
    const was = await recording(`talhelper/${name}`);
    const path = join(folder, 'talconfig.yaml');
    const text = await readFile(path, 'utf8');
    let at = 0;
    await writeFile(
      path,
      text.replaceAll(/^ +ipAddress: .*\n/gm, (line) => (at++ === 1 ? '' : line)),
    );
    const done = await ask('talhelper', was.argv);
    await writeFile(path, text);
    expect({ exit: done.exit, stdout: done.stdout.trimEnd(), stderr: plain(done.stderr) }).toEqual({
      exit: was.exit,
      stdout: was.stdout.trimEnd(),
      stderr: plain(was.stderr),
    });
  });
});

describe('cilium', () => {
  test('says what was recorded where no cluster can be reached', async () => {
    const none = await ask('cilium', ['--kubeconfig', 'nowhere', '--context', 'infra', 'status', '-o', 'json']);
    expect(none.exit).toBe(1);
    expect(none.stdout).toBe('');
    expect(none.stderr).toMatch(/^\nError: Unable to determine status: /);
  });

  test('plays what it plays, and refuses the rest', async () => {
    const other = await ask('cilium', ['connectivity', 'test']);
    expect(other).toMatchObject({ exit: 1, stdout: '' });
    expect(other.stderr).toContain('the shim does not play `cilium connectivity test`');
  });
});
