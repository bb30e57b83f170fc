import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Done } from '@coldstart/contract';
import { expect } from 'vitest';
import { parse } from 'yaml';

import type { OpenLab } from '../../../plugins/lab/src/index.ts';
import { run } from '../children.ts';
import type { Toolchain } from '../toolchain/build.ts';
import { answerOf, differing, rawDifferences } from './answer.ts';
import type { Answer, Difference } from './answer.ts';
import { access } from './questions/index.ts';
import type { Question } from './questions/index.ts';
import type { Ground } from '../wire/fixture.ts';

/** Where both differ still: one file for all tables of questions but those to Talos' nodes (wire/differences.yaml). */
export const differences = parse(readFileSync(new URL('differences.yaml', import.meta.url), 'utf8')) as Difference[];

/** One of the two who are asked. */
export type Side = (question: Question) => Promise<Answer>;
type Said = { exit: number | null; stdout: string; stderr: string };

/** `{root}` and `{head}` are a side's own; `given` is the same on both, such as where a Git server is. */
const asking = async (
  question: Question,
  root: string,
  given: Readonly<Record<string, string>>,
  ask: (question: Question) => Promise<Said>,
): Promise<Answer> => {
  const names = Object.entries({ root, ...given });
  const filled = (text: string): string =>
    names.reduce((before, [name, value]) => before.replaceAll(`{${name}}`, value), text);
  let argv = question.argv.map(filled);
  if (argv.includes('{head}')) {
    const { stdout } = await ask({ ...question, argv: ['rev-parse', 'HEAD'] });
    argv = argv.map((word) => (word === '{head}' ? stdout.trim() : word));
  }
  const stdin = question.stdin === undefined ? {} : { stdin: filled(question.stdin) };
  const { exit, stdout, stderr } = await ask({ ...question, argv, ...stdin });
  return answerOf(question, exit, stdout, stderr);
};

/** A kubeconfig for the simulated tools in their repository, from their first control plane and under the context that is asked for. */
export const giveKubeconfig = async ({ at, root, talosctl }: Ground): Promise<void> => {
  const address = at('infra-01');
  const given = await talosctl(['kubeconfig', '-', '-e', address, '-n', address]);
  const text = given.stdout
    .replaceAll('admin@infra', access.context)
    .replace(/server: .*/, `server: https://${address}:6443`);
  await mkdir(dirname(join(root, access.path)), { recursive: true });
  await writeFile(join(root, access.path), text, { mode: 0o600 });
};

/** The real tools, in a repository. */
export const truth =
  (
    root: string,
    env: Readonly<Record<string, string>>,
    toolchain: Toolchain,
    given: Readonly<Record<string, string>> = {},
  ): Side =>
  (question) =>
    asking(question, root, given, ({ tool, argv, env: more, stdin }) =>
      run(tool === 'git' ? 'git' : toolchain[tool].path, [...argv], {
        cwd: root,
        env: { ...env, ...more },
        deadline: 60_000,
        ...(stdin === undefined ? {} : { stdin }),
      }),
    );

/** The simulated ones, in theirs. */
export const simulation =
  (root: string, { world }: Pick<OpenLab, 'world'>, given: Readonly<Record<string, string>> = {}): Side =>
  (question) =>
    asking(question, root, given, async ({ tool, argv, env, stdin, changes }) => {
      const call = {
        tool,
        argv: [...argv],
        deadline: 3_600_000,
        env: { ...env },
        ...(stdin === undefined ? {} : { stdin: new TextEncoder().encode(stdin) }),
      };
      const never = new AbortController().signal;
      const done: Done = changes
        ? await world.spawn(call, { signal: 'SIGINT', grace: 5000, kill: true }, async () => {}, never)
        : await world.probe(call);
      return { exit: done.exit, stdout: new TextDecoder().decode(done.stdout), stderr: done.stderr };
    });

const fits = ({ expected }: Question, answer: Answer): boolean =>
  answer.exit === expected.exit &&
  (typeof expected.read === 'string'
    ? String(answer.read).includes(expected.read)
    : JSON.stringify(answer.read) === JSON.stringify(expected.read));

/** A side's answer; where a controller has to come to it first, its last one within ten seconds and more. */
export const asked = async (question: Question, side: Side): Promise<Answer> => {
  for (let tries = 0; ; tries += 1) {
    const answer = await side(question);
    if (!question.within || fits(question, answer) || tries === 40) return answer;
    await sleep(250);
  }
};

/** Holds what the real tool said to what is expected, and the simulated tool to that, but for the differences listed. */
export const compare = (question: Question, real: Answer, other: Answer): void => {
  const { read } = question.expected;
  const wanted: unknown = typeof read === 'string' ? expect.stringContaining(read) : read;
  expect(real.read).toEqual(wanted);
  const listed = differences.find((difference) => difference.question === question.name);
  // Words are no JSON, and may be a listed difference in the raw: what is read of them is held by itself.
  if (!listed?.in.includes('read')) expect(other.read, 'as the simulated one is read').toEqual(wanted);
  if (!listed?.in.includes('raw')) expect(rawDifferences(real, other)).toEqual([]);
  expect(differing(real, other)).toEqual(listed?.in ?? []);
};
