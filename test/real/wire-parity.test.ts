import { readFileSync } from 'node:fs';

import type { Done } from '@coldstart/contract';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { faultOf } from '../../plugins/talos/src/talosctl/failure.ts';
import { ground } from './wire/fixture.ts';
import type { Ground } from './wire/fixture.ts';
import type { Wire } from './wire/open.ts';
import { questions } from './wire/questions.ts';
import type { Question } from './wire/questions.ts';

/** The real talosctl over the wire and the simulated one inside the lab are asked the same in the same world. */
const { talosctl: built } = inject('toolchain');

type Aspect = 'exit' | 'streams' | 'raw' | 'read';
type Answer = { exit: number | null; streams: [boolean, boolean]; raw: string; read: unknown };
type Difference = { question: string; in: Aspect[]; because: string };
const differences = parse(readFileSync(new URL('wire/differences.yaml', import.meta.url), 'utf8')) as Difference[];
/** May only fall. */
const ALLOWED = 2;

let run: Ground;
beforeAll(async () => {
  run = await ground(built.path);
});
afterAll(() => run?.release());

/** What differs from call to call on one side already. */
const plain = (text: string): string =>
  text
    .replaceAll(/\b(\d+h)?(\d+m)?\d+s ago( *)/g, 'AGE ')
    .replaceAll(/(?<= )\d+( +2 +)\d+(?= +(true|false))/g, 'INDEX$1INDEX')
    .replaceAll(/(RAFT INDEX|RAFT APPLIED INDEX|LAST CHANGE) +/g, '$1 ')
    .replaceAll(/(INDEX +2 +INDEX) +/g, '$1 ')
    .replaceAll(/(read|write) tcp [\d.]+:\d+->/g, '$1 tcp LOCAL->');

const answer = (question: Question, exit: number | null, stdout: string, stderr: string): Answer => {
  const { cause, code } = faultOf(stderr);
  const said = plain(`${stdout}${stderr}`).trim() || 'nothing is said';
  const read = exit === 0 ? (question.parse ? question.parse(stdout) : said) : { cause, code };
  return {
    exit,
    streams: [stdout.trim() !== '', stderr.trim() !== ''],
    raw: plain(`--- stdout\n${stdout}--- stderr\n${stderr}`),
    read,
  };
};

const words = (question: Question): string[] =>
  question.argv.map((word) => word.replaceAll(/\{(infra-\d+)\}/g, (_, name: string) => run.at(name)));

const real = async (question: Question): Promise<Answer> => {
  const done = await run.talosctl(words(question), { deadline: 60_000 });
  return answer(question, done.exit, done.stdout, done.stderr);
};

const simulated = async (question: Question, { lab }: Wire): Promise<Answer> => {
  const call = { tool: 'talosctl', argv: words(question), deadline: 3_600_000 };
  const never = new AbortController().signal;
  const done: Done = question.changes
    ? await lab.world.spawn({ ...call, env: {} }, { signal: 'SIGINT', grace: 5000, kill: true }, async () => {}, never)
    : await lab.world.probe(call);
  return answer(question, done.exit, new TextDecoder().decode(done.stdout), done.stderr);
};

const differing = (one: Answer, other: Answer): Aspect[] =>
  (['exit', 'streams', 'raw', 'read'] as const).filter(
    (aspect) => JSON.stringify(one[aspect]) !== JSON.stringify(other[aspect]),
  );

/** Questions that change nothing share the world of their kind. */
const worlds = new Map<string, Question[]>();
for (const question of questions.filter(({ changes }) => !changes)) {
  const key = JSON.stringify([question.standing, question.faults]);
  worlds.set(key, [...(worlds.get(key) ?? []), question]);
}

const compare = (question: Question, one: Answer, other: Answer): void => {
  const listed = differences.find((difference) => difference.question === question.name);
  const { read } = question.expected;
  const wanted = typeof read === 'string' ? read.replace('{vip}', run.block.of('192.0.2.10')) : read;
  if (wanted !== null && typeof wanted === 'object') expect(one.read).toMatchObject(wanted);
  else if (!question.parse) expect(one.read).toContain(wanted);
  else expect(one.read).toEqual(wanted);
  if (!listed?.in.includes('raw')) expect(other.raw).toBe(one.raw);
  expect(differing(one, other)).toEqual(listed?.in ?? []);
};

describe.for([...worlds.values()].map((group) => [group]))('%#', ([group = []]) => {
  let wire: Wire;
  beforeAll(async () => {
    const [first] = group;
    wire = await run.open(first?.faults ? { faults: first.faults } : {}, first?.standing);
  });
  afterAll(() => wire?.close());

  test.for(group.map((question) => [question.name, question] as const))('%s', async ([, question]) => {
    const one = await real(question);
    expect(one.exit, one.raw).toBe(question.expected.exit);
    compare(question, one, await simulated(question, wire));
  });
});

describe('what changes the world', () => {
  const changing = questions.filter(({ changes }) => changes);
  test.for(changing.map((question) => [question.name, question] as const))('%s', async ([, question]) => {
    const opened = (): Promise<Wire> => run.open(question.faults ? { faults: question.faults } : {}, question.standing);
    const first = await opened();
    const one = await real(question);
    const changes = first.calls.flatMap((call) => call.changes);
    await first.close();
    const second = await opened();
    const other = await simulated(question, second);
    const counted = second.lab.received().reduce((sum, entry) => sum + entry.changes, 0);
    await second.close();
    expect(one.exit, one.raw).toBe(question.expected.exit);
    compare(question, one, other);
    expect(counted).toBe(changes.length);
  });
});

describe('the table', () => {
  test('has a question once, each with what is expected', () => {
    expect(new Set(questions.map(({ name }) => name)).size).toBe(questions.length);
    // Nothing, or an object without a key, is met by every answer; a list that is to be empty is not.
    const anything = (read: unknown): boolean =>
      read === undefined ||
      read === null ||
      read === '' ||
      (typeof read === 'object' && !Array.isArray(read) && Object.keys(read).length === 0);
    expect(questions.filter(({ expected: { read } }) => anything(read)).map(({ name }) => name)).toEqual([]);
  });

  test('has no more differences than it had, each of a question there is and with a reason', () => {
    const names = new Set(questions.map(({ name }) => name));
    expect(differences.length).toBeLessThanOrEqual(ALLOWED);
    expect(differences.filter(({ question, because }) => !names.has(question) || because.length < 20)).toEqual([]);
  });
});
