import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';

import { chartFolders, readMapping } from './charts.ts';
import type { Row } from './charts.ts';
import { must, run } from './children.ts';
import { clusterOf, prepareRepository, toolEnvironment } from './world.ts';

const toolchain = inject('toolchain');
const example = fileURLToPath(new URL('../../examples/k8s-ops', import.meta.url));

let dir: string;
let env: Record<string, string>;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'coldstart-world-'));
  env = await toolEnvironment(join(dir, 'home'), toolchain);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('a copy of the example repository', () => {
  test('differs from it in chart references only, and is a clean work tree', async () => {
    const target = join(dir, 'copy');
    const rewritten = await prepareRepository(example, target);
    const differ = await run('diff', ['-r', '-x', '.git', '-x', '.coldstart', example, target], {
      env,
      deadline: 30_000,
    });
    const lines = differ.stdout.split('\n').filter((line) => /^[<>]/.test(line));
    expect(lines).toHaveLength(2 * rewritten.length);
    expect(
      lines.filter((line) => line.startsWith('<')).every((line) => line.includes('chart: oci://charts.example.com/')),
    ).toBe(true);
    expect(rewritten.map(({ file, folder }) => [file, folder.startsWith('/')])).toContainEqual([
      'bootstrap/infra/helmfile.d/01-apps.yaml',
      true,
    ]);
    expect((await must('git', ['status', '--porcelain'], { cwd: target, env, deadline: 30_000 })).stdout).toBe('');
  });

  test.for([
    [
      'chart: oci://charts.example.com/cilium',
      'chart: oci://charts.example.com/unheard-of',
      /unheard-of is not in test\/real\/charts\/mapping.yaml/,
    ],
    ['version: 1.20.2', 'version: 1.20.3', /release cilium.*: version 1.20.3, and .*mapping.yaml has 1.20.2/],
  ] as const)('is refused where %s becomes %s', async ([from, to, message]) => {
    const source = join(dir, 'source');
    await cp(example, source, { recursive: true });
    const helmfile = join(source, 'bootstrap/infra/helmfile.d/01-apps.yaml');
    await writeFile(helmfile, (await readFile(helmfile, 'utf8')).replace(from, to));
    await expect(prepareRepository(source, join(dir, 'copy'))).rejects.toThrow(message);
  });

  test('tells nodes and service addresses', async () => {
    const infra = await clusterOf(example, 'infra');
    expect(infra).toMatchObject({ context: 'infra', serviceRange: '10.43.0.0/16' });
    expect(infra.nodes.map(({ name, role, address }) => `${name} ${role} ${address}`)).toEqual([
      'infra-01 controlplane 192.0.2.11',
      'infra-02 controlplane 192.0.2.12',
      'infra-03 controlplane 192.0.2.13',
      'infra-04 worker 192.0.2.21',
      'infra-05 worker 192.0.2.22',
      'infra-06 worker 192.0.2.23',
    ]);
  });
});

describe('the charts', () => {
  test('each renders with the real helm, with definitions where the table has some', async () => {
    const charts = await chartFolders();
    const seen: Record<string, { version: boolean; kinds: boolean; definitions: boolean }> = {};
    const rows = await readMapping();
    for (const { reference, version } of rows) {
      const folder = charts.get(reference)?.folder ?? '';
      const done = await must('helm', ['template', 'x', folder, '--include-crds'], { env, deadline: 60_000 });
      const kinds = done.stdout.match(/^kind: \w+$/gm) ?? [];
      seen[reference] = {
        version: (await readFile(join(folder, 'Chart.yaml'), 'utf8')).includes(`version: ${version}\n`),
        kinds: kinds.length > 0,
        definitions: kinds.filter((kind) => kind.endsWith('CustomResourceDefinition')).length > 5,
      };
    }
    const expected = ({ reference, crds }: Row) => [
      reference,
      { version: true, kinds: true, definitions: crds !== undefined },
    ];
    expect(seen).toEqual(Object.fromEntries(rows.map(expected)));
  });

  test('each folder made by hand is in the table', async () => {
    const entries = await readdir(new URL('charts/', import.meta.url), { withFileTypes: true });
    const folders = (await readMapping()).flatMap(({ folder }) => folder ?? []);
    const there = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect([...new Set(folders)].sort()).toEqual(there.sort());
  });
});

describe('the shim op', () => {
  const op = (argv: string[], more: Record<string, string> = {}, stdin = '') =>
    run('op', argv, { env: { ...env, ...more }, deadline: 30_000, stdin });

  test('replaces references, in braces and bare, with the same made-up value each time', async () => {
    const template =
      'a: "{{ op://vault/item/field }}"\nb: "op://vault/item/field"\nc: op://vault/item/section/key_b64\n';
    const [first, second] = await Promise.all([op(['inject'], {}, template), op(['inject'], {}, template)]);
    const values = first.stdout
      .trim()
      .split('\n')
      .map((line) => line.slice(3).replaceAll('"', ''));
    expect(values[0]).toMatch(/^throw-away-[0-9a-f]{24}$/);
    expect(values[1]).toBe(values[0]);
    expect(Buffer.from(values[2] ?? '', 'base64').toString()).toMatch(/^throw-away-/);
    expect(second.stdout).toBe(first.stdout);
  });

  test('writes a file, privately, and not over another', async () => {
    const template = join(dir, 'template');
    await writeFile(template, 'op://vault/item/field');
    const argv = ['inject', '-i', template, '-o', join(dir, 'out')];
    expect((await op(argv)).exit).toBe(0);
    expect((await op(argv)).exit).not.toBe(0);
    expect((await op([...argv, '-f'])).exit).toBe(0);
  });

  test('fails on a missing item without half a document, when signed out, and on what it does not know', async () => {
    const missing = await op(['inject'], {}, 'a: op://vault/item/field\nb: op://vault/missing-item/field\n');
    expect([missing.exit, missing.stdout]).toEqual([1, '']);
    expect(missing.stderr).toContain('op://vault/missing-item/field');
    expect((await op(['whoami'], { COLDSTART_SHIM_OP: 'signed-out' })).exit).toBe(1);
    expect((await op(['inject'], { COLDSTART_SHIM_OP: 'signed-out' }, 'x')).exit).toBe(1);
    expect((await op(['--version'], { COLDSTART_SHIM_OP: 'signed-out' })).exit).toBe(0);
    expect((await op(['item', 'list'])).exit).toBe(1);
  });

  test('logs what it was asked', async () => {
    const log = join(dir, 'log');
    await op(['whoami'], { COLDSTART_SHIM_OP_LOG: log });
    await op(['--version'], { COLDSTART_SHIM_OP_LOG: log });
    expect(await readFile(log, 'utf8')).toBe('{"argv":["whoami"]}\n{"argv":["--version"]}\n');
  });
});

test('a tool that names no context finds no cluster', async () => {
  const done = await run('kubectl', ['get', 'nodes'], { env, deadline: 30_000 });
  expect(done.exit).toBe(1);
  expect(done.stderr).toContain('127.0.0.1:9');
});
