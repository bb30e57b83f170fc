import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coldstart, EXAMPLE, HOST } from './support/run.ts';

type Manifest = {
  commands: Record<
    string,
    { summary?: string; examples?: string[]; flags: Record<string, unknown>; args: Record<string, unknown> }
  >;
};
const manifest = JSON.parse(readFileSync(join(HOST, 'oclif.manifest.json'), 'utf8')) as Manifest;
const commands = Object.entries(manifest.commands);
const common = [
  'config',
  'context',
  'fault',
  'json',
  'kubeconfig',
  'pace',
  'rehearse',
  'root',
  'seed',
  'talosconfig',
  'verbose',
  'world',
];
const support = ['bundle', 'bundle-file'];
const running = [
  'accept-machine',
  'allow-missing-workers',
  ...support,
  'dry-run',
  'evidence-dir',
  'offline',
  'out',
  'parallel',
  'plan',
  'repin',
  'story',
  'takeover',
];

test('the commands and their own flags', () => {
  const own = commands.map(([id, { flags }]) => [
    id,
    Object.keys(flags)
      .filter((flag) => !common.includes(flag))
      .sort(),
  ]);
  expect(Object.fromEntries(own)).toEqual({
    'bootstrap:phase': running,
    'bootstrap:status': support,
    'bootstrap:talos': running,
    'cluster:create': [...running, 'from', 'only', 'to'].sort(),
    'cluster:health': support,
    'cluster:plan': ['allow-missing-workers', ...support, 'from', 'offline', 'only', 'out', 'parallel', 'to'],
    'cluster:preflight': support,
    'cluster:status': support,
    'verify:evidence': [],
  });
  for (const [, { flags }] of commands) expect(Object.keys(flags)).toEqual(expect.arrayContaining(['json']));
});

describe('--help of each command', () => {
  test.each(commands)('%s', async (id, { summary, examples = [] }) => {
    const { exit, stdout, stderr } = await coldstart([...id.split(':'), '--help']);
    expect(exit).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toContain('EXAMPLES');
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(summary?.replaceAll(/\s+/g, ' '));
    expect(examples.length).toBeGreaterThan(0);
  });
});

test('every example parses: what it may say against the example repository is a result or a reason, never a usage error', async () => {
  const lines = commands
    .flatMap(([, { examples = [] }]) => examples)
    .map((line) => line.replace('<%= config.bin %> ', ''));
  // Those that look at machines or write files are held by other tests; the parser sees the rest through --help's own path.
  const offline = lines.filter((line) => /^cluster plan|--dry-run/.test(line) && !line.includes('--out'));
  expect(offline.length).toBeGreaterThan(3);
  for (const line of offline) {
    const args = line.split(' ');
    const { exit, stderr } = await coldstart([
      ...args,
      ...(args.includes('--offline') ? [] : ['--rehearse']),
      '--root',
      EXAMPLE,
    ]);
    expect(stderr).toBe('');
    expect(exit).toBe(0);
  }
});
