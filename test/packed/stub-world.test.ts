import type { Plan } from '@coldstart/contract';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { differences, tampered, type Call } from '../support/received.ts';
import { installPacked, type Installed } from './support/install.ts';
import { Ground } from './support/program.ts';

let installed: Installed;
let ground: Ground;
beforeAll(() => {
  installed = installPacked(['@coldstart/contract', '@coldstart/engine', '@coldstart/cli'], {
    '@coldstart/plugin-stub': join(import.meta.dirname, 'stub-plugin'),
  });
});
afterAll(() => installed.remove());
beforeEach(() => (ground = new Ground()));
afterEach(() => ground.remove());

const CREATE = ['cluster', 'create', 'infra'];
const calls = (): Call[] =>
  ground
    .log()
    .filter((l) => 'argv' in l)
    .map((l) => ({ tool: 'stubtool', argv: l['argv'] as string[], ok: true }));
const journals = (): string[] => {
  const runs = join(ground.root, '.coldstart/infra/runs');
  return readdirSync(runs)
    .sort()
    .map((run) => readFileSync(join(runs, run, 'journal.jsonl'), 'utf8'));
};
const evidence = (): string[] => readdirSync(join(ground.root, 'docs/qa/evidence'));

describe('the real world, with a program as its tool', () => {
  test('what the tool receives is the plan; one action less, more, or elsewhere is noticed', async () => {
    const planned = await ground.run(installed, ['cluster', 'plan', 'infra', '--json']);
    const plan = (JSON.parse(planned.stdout) as { plan: Plan }).plan;
    expect(ground.log()).toEqual([]);
    const created = await ground.run(installed, CREATE);
    expect({ exit: created.exit, stderr: created.exit === 0 ? '' : created.stderr + created.stdout }).toEqual({
      exit: 0,
      stderr: '',
    });
    expect(differences(plan, calls())).toEqual([]);
    for (const how of ['delete', 'add', 'reorder'] as const)
      expect(differences(tampered(plan, how, 'stub/a-quick'), calls())).not.toEqual([]);
    expect(ground.log()[1]).toMatchObject({ argv: ['two', '--', '-x'], stdin: 'by stdin\n' });
  });

  test('a second run changes nothing, with .coldstart and without', async () => {
    expect((await ground.run(installed, CREATE)).exit).toBe(0);
    const before = ground.log().length;
    expect((await ground.run(installed, CREATE)).exit).toBe(0);
    expect(ground.log()).toHaveLength(before);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle: one signal to the child, journal closed, evidence complete, exit 130; then it finishes',
    async (signal) => {
      const running = ground.start(installed, CREATE, { STUB_SLOW_MS: '30000' });
      await running.said('"slow"');
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.exit).toBe(130);
      expect(ended.stderr + ended.stdout).toContain('coldstart cluster create infra');
      expect(ground.log().filter((l) => 'signal' in l)).toEqual([{ signal: 'SIGTERM', pid: expect.any(Number) }]);
      expect(JSON.parse(journals()[0]?.trim().split('\n').at(-1) ?? '')).toMatchObject({
        type: 'run-end',
        outcome: 'interrupted',
        exit: 130,
      });
      expect(evidence().filter((f) => f.endsWith('.json'))).toHaveLength(1);
      expect((await ground.run(installed, CREATE)).exit).toBe(0);
      expect(ground.log().filter((l) => (l['argv'] as string[] | undefined)?.[0] === 'one')).toHaveLength(1);
    },
  );

  test('SIGKILL in the middle: the child is found by the next run, which finishes and writes the evidence of both', async () => {
    const running = ground.start(installed, CREATE, { STUB_SLOW_UNTIL: 'enough' });
    await running.said('"slow"');
    running.child.kill('SIGKILL');
    expect((await running.ended).signal).toBe('SIGKILL');
    expect(evidenceOrNone()).toEqual([]);
    const following = ground.start(installed, CREATE);
    await following.says('is still there: waits for its end until');
    ground.write('enough');
    const next = await following.ended;
    expect({ exit: next.exit, stderr: next.exit === 0 ? '' : next.stderr + next.stdout }).toEqual({
      exit: 0,
      stderr: '',
    });
    expect(journals()[1]).toContain('"type":"outlived"');
    // The child that outlived its run did the work; it was waited for, and not sent again.
    expect(ground.log().filter((l) => (l['argv'] as string[] | undefined)?.[0] === 'slow')).toHaveLength(1);
    expect(evidence().filter((f) => f.endsWith('.json'))).toHaveLength(2);
  });

  test('a tool that is not there is named, and nothing is sent', async () => {
    const ended = await ground.run(installed, CREATE, { PATH: join(process.execPath, '..') });
    expect(ended.exit).not.toBe(0);
    expect(ended.stderr + ended.stdout).toContain('stubtool');
    expect(ground.log()).toEqual([]);
  });

  test('each evidence verifies', async () => {
    await ground.run(installed, CREATE);
    for (const file of evidence().filter((f) => f.endsWith('.json'))) {
      const verified = await ground.run(installed, ['verify', 'evidence', `docs/qa/evidence/${file}`]);
      expect({ exit: verified.exit, said: verified.exit === 0 ? '' : verified.stdout + verified.stderr }).toEqual({
        exit: 0,
        said: '',
      });
    }
  });
});

function evidenceOrNone(): string[] {
  try {
    return evidence();
  } catch {
    return [];
  }
}
