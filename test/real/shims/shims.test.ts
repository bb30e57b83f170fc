/** What stands in for tools that cannot be built here says so, and says otherwise what was recorded of the real ones. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { op } from '@coldstart/tools';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { parseConfigView } from '../../../plugins/cilium/src/cilium/config-view.ts';
import { parseCiliumVersion } from '../../../plugins/cilium/src/tool.ts';
import { run } from '../children.ts';
import type { Finished } from '../children.ts';
import { example } from '../wire/repository.ts';
import { toolEnvironment } from '../world.ts';
import { recordedCluster } from './recorded-cluster.ts';

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
  type Counts = { image_count: Record<string, Record<string, number>>; cilium_status: Record<string, unknown> };
  const recordedJson = async (): Promise<Counts> => {
    // The recorder stopped after the agents' answers.
    const { stdout } = await recording('cilium/status-json');
    return JSON.parse(`${stdout.trimEnd().replace(/,$/, '')}}`) as Counts;
  };
  /** The answer of a cluster that stands as the recorder's did. */
  const inRecorded = async (argv: readonly string[], pending: readonly string[] = []): Promise<Finished> => {
    const { image_count: counted, cilium_status: agents } = await recordedJson();
    const images = Object.entries(counted).flatMap(([part, one]) => Object.keys(one).map((image) => [part, image]));
    const cluster = await recordedCluster({
      images: Object.fromEntries(images) as Record<string, string>,
      agents: Object.keys(agents),
      chart: '1.20.2',
      config: parseConfigView((await recording('cilium/config-view')).stdout),
      pending,
    });
    const kubeconfig = join(dir, 'recorded-kubeconfig');
    await writeFile(kubeconfig, cluster.kubeconfig);
    try {
      return await ask('cilium', ['--kubeconfig', kubeconfig, '--context', 'infra', ...argv]);
    } finally {
      await cluster.close();
    }
  };
  /** The recorder's agents could not be asked at all, which the summary counts and a section tells; here they answer. */
  const withoutErrors = (text: string): string =>
    `${(text.split(/^Errors:/m)[0] ?? '').replace('\u001B[31m6 errors\u001B[0m', '\u001B[32mOK\u001B[0m').trimEnd()}\n`;

  test('status: the words that were recorded', async () => {
    const was = await recording('cilium/status');
    const done = await inRecorded(was.argv);
    expect(done).toMatchObject({ exit: was.exit, stdout: withoutErrors(was.stdout), stderr: was.stderr });
  });

  test('status -o json: the keys, types and values that were recorded', async () => {
    const was = await recording('cilium/status-json');
    const done = await inRecorded(was.argv);
    expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: was.exit, stderr: was.stderr });
    const { cilium_status: agents, ...rest } = await recordedJson();
    const {
      cilium_status: answers,
      helm_chart_version: chart,
      ...others
    } = JSON.parse(done.stdout) as Counts & {
      helm_chart_version: unknown;
    };
    expect(others).toEqual(rest);
    expect(Object.keys(answers)).toEqual(Object.keys(agents));
    // What the recorder did not come to.
    expect(chart).toBe('1.20.2');
    // As it stands on the page too, up to where an agent answers.
    const until = (text: string): string => text.slice(0, text.indexOf('"cilium-4n2tf"'));
    expect(until(done.stdout)).toBe(until(was.stdout));
  });

  test('status with an agent that does not run: exit 0, null for it, and errors in the columns that were recorded', async () => {
    const was = await recording('cilium/status');
    const done = await inRecorded(['status'], ['cilium-4n2tf']);
    expect({ exit: done.exit, stderr: done.stderr }).toEqual({ exit: 0, stderr: '' });
    expect(done.stdout).toContain('Cilium:             \u001B[31m2 errors\u001B[0m');
    const errors = (text: string): string[] => text.slice(text.indexOf('Errors:')).trimEnd().split('\n');
    // Title, part and pod each stand where they stood.
    const columns = (line: string): string => line.slice(0, 58);
    const [first, ...more] = errors(was.stdout).map(columns);
    const mine = errors(done.stdout).map(columns);
    expect(mine).toHaveLength(2);
    expect(mine[0]?.slice(0, 42)).toBe(first?.slice(0, 42));
    expect(mine[1]).toBe(more[0]);

    const told = JSON.parse((await inRecorded(['status', '-o', 'json'], ['cilium-4n2tf'])).stdout) as Counts;
    expect(told.cilium_status['cilium-4n2tf']).toBe((await recordedJson()).cilium_status['cilium-4n2tf']);
  });

  test('status --wait in vain: exit 1, as recorded, with what it saw on stdout', async () => {
    const was = await recording('cilium/status-wait-timeout');
    const done = await inRecorded(['status', '--wait', '--wait-duration', '1s'], ['cilium-4n2tf']);
    expect(done.exit).toBe(was.exit);
    const title = (text: string): string => text.slice(0, text.indexOf('Cilium:'));
    expect(title(done.stdout)).toBe(title(was.stdout));
    expect(done.stderr).toMatch(/^\nError: Unable to determine status: {2}timeout while waiting /);
  });

  test('config view: the very lines that were recorded', async () => {
    const was = await recording('cilium/config-view');
    expect(await inRecorded(was.argv)).toMatchObject({ exit: was.exit, stderr: was.stderr });
    const plain = (text: string): string[] => text.split('\n').map((line) => line.trimEnd());
    expect(plain((await inRecorded(was.argv)).stdout)).toEqual(plain(was.stdout));
  });

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
