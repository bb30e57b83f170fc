import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { KubeWorld, kubeconfig, type Told } from './world.ts';
import { scenes } from './scenes/index.ts';

/**
 * Each recording of a tool of Kubernetes that the lab plays: the world is brought to the state in which it was recorded, the
 * same command is run, and exit code, stdout and stderr are compared. What is not compared stands in unrecorded.yaml.
 */
const folder = fileURLToPath(new URL('../../../../test/recordings', import.meta.url));

/** `$ command` (which may hold line breaks), `exit: N`, `--- stdout`, text, `--- stderr`, text. */
function parseRecording(text: string): { argv: string[]; exit: number; stdout: string; stderr: string } {
  const [, command = '', exit = '', stdout = '', stderr = ''] =
    /^\$ ([\s\S]*?)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n?([\s\S]*)$/.exec(text) ?? [];
  expect(command, 'a recording').not.toBe('');
  return { argv: command.split(' '), exit: Number(exit), stdout, stderr };
}

const TOOLS = ['cilium', 'flux', 'git', 'helm', 'helmfile', 'kubeconform', 'kubectl', 'kustomize', 'op', 'sops'];

const sameText =
  (even: (text: string) => string) =>
  (told: Told, recorded: { stdout: string }): void =>
    expect(even(told.stdout)).toBe(even(recorded.stdout));

type NotCompared = {
  recordingsNotCompared: { recording: string; reason: string }[];
  answersWithoutRecording: { answer: string; reason: string }[];
};

const listed = parse(readFileSync(new URL('../../unrecorded.yaml', import.meta.url), 'utf8')) as Record<
  string,
  NotCompared
>;

const ours = TOOLS.flatMap((tool) => listed[tool] ?? { recordingsNotCompared: [], answersWithoutRecording: [] });

const all = TOOLS.filter((tool) => tool !== 'op').flatMap((tool) =>
  readdirSync(`${folder}/${tool}`)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => `${tool}/${name.slice(0, -4)}`),
);

describe('answers of the simulated tools against recordings of the real ones', () => {
  test.each(Object.entries(scenes))('%s', async (name, scene) => {
    const recorded = parseRecording(readFileSync(`${folder}/${name}.txt`, 'utf8'));
    const world = new KubeWorld({
      ...(scene.faults && { faults: scene.faults }),
      ...(scene.facts && { facts: scene.facts as Record<string, never> }),
    });
    for (const [path, text] of Object.entries(scene.files ?? {}))
      world.files.set(path.startsWith('/') ? path : new URL(path, 'file:///repo/').pathname, text);
    await scene.given?.(world);
    // Tools that were recorded found their kubeconfig by KUBECONFIG, and its current-context was the right one.
    world.files.set('/home/op/recorded', kubeconfig().replace('current-context: other', 'current-context: infra'));
    const [tool = '', ...argv] = recorded.argv;
    const program = ['bash', 'env'].includes(tool) ? (name.split('/')[0] as string) : tool;
    const told = await world.run(program, scene.argv ?? argv, {
      env: { KUBECONFIG: '/home/op/recorded', ...scene.env },
      ...(scene.stdin === undefined ? {} : { stdin: scene.stdin }),
    });
    const even = (text: string): string =>
      (scene.same ?? []).reduce((sum, [pattern, by]) => sum.replace(pattern, by), text).trimEnd();
    expect({ exit: told.exit, stderr: even(told.stderr) }).toEqual({
      exit: recorded.exit,
      stderr: even(recorded.stderr),
    });
    const judge = scene.judge ?? sameText(even);
    judge(told, recorded);
  });

  test('every recording is compared, or stands in unrecorded.yaml with a reason', () => {
    const excused = ours.flatMap((tool) => tool.recordingsNotCompared);
    expect([...Object.keys(scenes), ...excused.map(({ recording }) => recording)].toSorted()).toEqual(all.toSorted());
    expect(excused.filter(({ reason }) => reason.length < 10)).toEqual([]);
  });

  test('the number of answers without a recording is held', () => {
    expect(ours.flatMap((tool) => tool.recordingsNotCompared)).toHaveLength(8);
    expect(ours.flatMap((tool) => tool.answersWithoutRecording)).toHaveLength(35);
  });
});
