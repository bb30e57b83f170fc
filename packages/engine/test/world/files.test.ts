import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { World } from '@coldstart/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sandbox, tree, type Sandbox } from './sandbox.ts';

let at: Sandbox;
let world: World;
beforeEach(async () => {
  at = sandbox();
  world = await at.open();
});
afterEach(async () => {
  await world.close();
  at.end();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (given: Uint8Array | undefined): string | undefined => given && new TextDecoder().decode(given);
const mode = (path: string): number => statSync(path).mode & 0o777;
const asRoot = process.getuid?.() === 0;

describe('reading', () => {
  test('relative to the root, absolute, below home; absent is undefined, also below a file', async () => {
    writeFileSync(join(at.root, 'a'), 'in root');
    writeFileSync(join(at.home, 'a'), 'at home');
    expect(text(await world.read('a'))).toBe('in root');
    expect(text(await world.read(join(at.home, 'a')))).toBe('at home');
    expect(text(await world.read('~/a'))).toBe('at home');
    expect(await world.read('b')).toBeUndefined();
    expect(await world.read('a/b')).toBeUndefined();
    expect(text(await world.read('/proc/self/status'))).toContain('Pid:');
  });

  test('at most `max` bytes', async () => {
    writeFileSync(join(at.root, 'a'), '12345');
    expect(text(await world.read('a', 5))).toBe('12345');
    await expect(world.read('a', 4)).rejects.toMatchObject({ message: 'a is larger than 4 bytes.' });
    await expect(world.read('/proc/self/status', 10)).rejects.toMatchObject({
      message: '/proc/self/status is larger than 10 bytes.',
    });
  });

  test('a folder, a pipe and a device are refused, not waited for', async () => {
    mkdirSync(join(at.root, 'folder'));
    execFileSync('mkfifo', [join(at.root, 'pipe')]);
    await expect(world.read('folder')).rejects.toMatchObject({
      exit: 4,
      message: 'folder cannot be read: it is a folder.',
    });
    await expect(world.read('pipe')).rejects.toMatchObject({ message: 'pipe is not a file.' });
    await expect(world.read('/dev/zero')).rejects.toMatchObject({ message: '/dev/zero is not a file.' });
    await expect(world.read('a\0b')).rejects.toMatchObject({ exit: 2 });
  });

  test('lists are sorted, deep, and do not follow links to folders', async () => {
    for (const name of ['b/2', 'b/1', 'b/deep/er/x', 'a', 'Z']) {
      mkdirSync(join(at.root, name, '..'), { recursive: true });
      writeFileSync(join(at.root, name), '');
    }
    symlinkSync('b', join(at.root, 'to-folder'));
    symlinkSync('a', join(at.root, 'to-file'));
    symlinkSync('nowhere', join(at.root, 'to-nothing'));
    expect(await world.list('.')).toEqual(['Z', 'a', 'b/1', 'b/2', 'b/deep/er/x', 'to-file']);
    expect(await world.list('b')).toEqual(['1', '2', 'deep/er/x']);
    expect(await world.list('nowhere')).toEqual([]);
  });

  test('stat does not follow a link', async () => {
    writeFileSync(join(at.root, 'a'), '123', { mode: 0o640 });
    symlinkSync('a', join(at.root, 'l'));
    expect(await world.stat('a')).toEqual({ kind: 'file', mode: 0o640, size: 3 });
    expect(await world.stat('l')).toMatchObject({ kind: 'link' });
    expect(await world.stat('.')).toMatchObject({ kind: 'folder' });
    expect(await world.stat('none')).toBeUndefined();
  });
});

describe('writing', () => {
  test('a file whole, with exactly its mode, whatever the umask; nothing else is left', async () => {
    const before = process.umask(0o077);
    try {
      await world.write('new/folder/file', bytes('one'), 0o644);
    } finally {
      process.umask(before);
    }
    expect(mode(join(at.root, 'new/folder/file'))).toBe(0o644);
    await world.write('new/folder/file', bytes('two'), 0o600);
    expect(mode(join(at.root, 'new/folder/file'))).toBe(0o600);
    expect(tree(at.root)).toEqual({ 'new/folder/file': 'two' });
    await world.write('~/.kube/coldstart/infra', bytes('x'), 0o600);
    expect(mode(join(at.home, '.kube'))).toBe(0o700);
  });

  test('another name of the same file keeps the old bytes: it is replaced, not changed', async () => {
    await world.write('file', bytes('old'), 0o600);
    linkSync(join(at.root, 'file'), join(at.root, 'other'));
    await world.write('file', bytes('new'), 0o600);
    expect(tree(at.root)).toEqual({ file: 'new', other: 'old' });
  });

  test('`create` only where nothing is, and of many at once one wins', async () => {
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => world.create('lock', bytes(`${i}`), 0o600)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(tree(at.root)).toEqual({ lock: String(won.indexOf(true)) });
    expect(mode(join(at.root, 'lock'))).toBe(0o600);
    expect(await world.create('lock', bytes('late'), 0o600)).toBe(false);
    await world.remove('lock');
    await world.remove('lock');
    expect(await world.create('lock', bytes('again'), 0o600)).toBe(true);
  });

  test('`append` adds whole lines, private', async () => {
    for (const line of ['one', 'two']) await world.append('runs/1/journal.jsonl', line);
    expect(tree(at.root)).toEqual({ 'runs/1/journal.jsonl': 'one\ntwo\n' });
    expect(mode(join(at.root, 'runs/1/journal.jsonl'))).toBe(0o600);
    expect(mode(join(at.root, 'runs'))).toBe(0o700);
    await expect(world.append('runs/1/journal.jsonl', 'a\nb')).rejects.toMatchObject({ exit: 1 });
  });

  test('links at the end of a path are never written through', async () => {
    writeFileSync(join(at.dir, 'outside'), 'kept');
    for (const target of ['outside', 'nowhere']) {
      const link = join(at.root, `to-${target}`);
      symlinkSync(join(at.dir, target), link);
      await expect(world.write(`to-${target}`, bytes('x'), 0o600)).rejects.toMatchObject({
        exit: 5,
        message: `${link} is a link, and coldstart does not write through links.`,
      });
      await expect(world.append(`to-${target}`, 'x')).rejects.toMatchObject({
        message: `${link} cannot be written: it is a link, and links are not followed here.`,
      });
      expect(await world.create(`to-${target}`, bytes('x'), 0o600)).toBe(false);
    }
    expect(readFileSync(join(at.dir, 'outside'), 'utf8')).toBe('kept');
    expect(existsSync(join(at.dir, 'nowhere'))).toBe(false);
    await world.remove('to-outside');
    expect(readFileSync(join(at.dir, 'outside'), 'utf8')).toBe('kept');
  });

  test('nothing outside the allowed folders, neither by dots nor by a folder that is a link', async () => {
    mkdirSync(join(at.dir, 'other'));
    symlinkSync(join(at.dir, 'other'), join(at.root, 'away'));
    for (const path of [
      '../other/x',
      join(at.dir, 'other/x'),
      'away/x',
      'away/deep/x',
      '~/x',
      '~/.ssh/config',
      `${at.root}x/y`,
    ]) {
      await expect(world.write(path, bytes('x'), 0o600), path).rejects.toMatchObject({ exit: 5 });
      await expect(world.create(path, bytes('x'), 0o600), path).rejects.toMatchObject({ exit: 5 });
      await expect(world.append(path, 'x'), path).rejects.toMatchObject({ exit: 5 });
      await expect(world.remove(path), path).rejects.toMatchObject({ exit: 5 });
    }
    expect(tree(at.dir)).toEqual({});
    const more = await at.open({ writable: ['~/evidence'] });
    await more.write('~/evidence/x', bytes('x'), 0o600);
    expect(tree(at.home)).toEqual({ 'evidence/x': 'x' });
  });

  test('a folder in the way, a file where a folder should be: file, cause, remedy; nothing is left', async () => {
    mkdirSync(join(at.root, 'folder/deep'), { recursive: true });
    writeFileSync(join(at.root, 'file'), 'x');
    await expect(world.write('folder', bytes('x'), 0o600)).rejects.toMatchObject({
      exit: 4,
      message: `${join(at.root, 'folder')} cannot be written: it is a folder.`,
      remedy: expect.stringContaining('Choose a path that is a file'),
    });
    await expect(world.write('file/below', bytes('x'), 0o600)).rejects.toMatchObject({
      message: expect.stringContaining('a part of its path is not a folder'),
    });
    expect(await world.create('folder', bytes('x'), 0o600)).toBe(false);
    expect(tree(at.root)).toEqual({ file: 'x' });
  });

  test('a full disk: what does not fit is told', async () => {
    symlinkSync('/dev/full', join(at.root, 'full'));
    const onDevice = await at.open({ writable: ['/dev'] });
    await expect(onDevice.append('/dev/full', 'x')).rejects.toMatchObject({
      exit: 4,
      message: '/dev/full cannot be written: the disk is full.',
      remedy: 'Make room on the file system of /dev/full.',
    });
  });

  test.skipIf(asRoot)('a folder that may not be written to', async () => {
    mkdirSync(join(at.root, 'closed'), { mode: 0o555 });
    await expect(world.write('closed/x', bytes('x'), 0o600)).rejects.toMatchObject({
      message: expect.stringContaining('access is denied'),
    });
    chmodSync(join(at.root, 'closed'), 0o755);
  });

  // Mounts need a namespace of their own, which some containers do not give.
  const unshare = ['unshare', asRoot ? '-m' : '-rm'];
  const mayMount = (() => {
    try {
      execFileSync(unshare[0] ?? '', [...unshare.slice(1), 'true'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  })();
  test.skipIf(!mayMount)(
    'a real full disk and a read-only one: the old file stays whole, and no half-written one is left',
    async () => {
      for (const name of ['small', 'readonly']) mkdirSync(join(at.root, name));
      const script = [
        'mount -t tmpfs -o size=64k tmpfs "$1/small"',
        'mount -t tmpfs tmpfs "$1/readonly"',
        'echo there > "$1/readonly/there"',
        'mount -o remount,ro "$1/readonly"',
        'printf old > "$1/small/file"',
        'printf "line\\n" > "$1/small/log"',
        'exec "$2" --conditions=source "$3" "$4"',
      ].join(' && ');
      const args = [at.root, process.execPath, join(import.meta.dirname, 'scripts/small-disk.ts'), at.dir];
      const told = JSON.parse(
        execFileSync(unshare[0] ?? '', [...unshare.slice(1), 'sh', '-c', script, 'sh', ...args], { encoding: 'utf8' }),
      );
      const full = (name: string, verb: string): unknown => ({
        message: `${join(at.root, name)} cannot be ${verb}: the disk is full.`,
        exit: 4,
        remedy: `Make room on the file system of ${join(at.root, name)}.`,
      });
      const closed = (name: string, verb: string): unknown => ({
        message: `${join(at.root, name)} cannot be ${verb}: the file system is read-only.`,
        exit: 4,
        remedy: `Mount the file system of ${join(at.root, name)} writable, or choose another path.`,
      });
      expect(told).toEqual({
        write: full('small/file', 'written'),
        create: full('small/new', 'created'),
        append: full('small/log', 'written'),
        readonly: closed('readonly/file', 'written'),
        readonlyAppend: closed('readonly/log', 'written'),
        remove: closed('readonly/there', 'removed'),
        file: 'old',
        log: 'line\n',
        left: ['file', 'log'],
      });
    },
  );
});

describe('scratch', () => {
  test('private files under names of their own, gone after `close`', async () => {
    const [a, b] = [await world.scratch('../a b', bytes('1')), await world.scratch('../a b', bytes('2'))];
    expect(a).not.toBe(b);
    expect(readFileSync(a, 'utf8') + readFileSync(b, 'utf8')).toBe('12');
    expect([mode(a), mode(join(a, '..'))]).toEqual([0o600, 0o700]);
    expect(join(a, '../..')).toBe(at.scratch);
    await world.close();
    expect(readdirSync(at.scratch)).toEqual([]);
    await world.close();
  });

  test('that of a living process, of somebody else, and links stay', async () => {
    await world.scratch('mine', bytes('1'));
    mkdirSync(join(at.dir, 'precious'));
    writeFileSync(join(at.dir, 'precious/file'), 'kept');
    symlinkSync(join(at.dir, 'precious'), join(at.scratch, 'coldstart-scratch-999999999-abcdef'));
    mkdirSync(join(at.scratch, 'coldstart-scratch-999999999-ghijkl'));
    mkdirSync(join(at.scratch, 'unrelated'));
    const before = readdirSync(at.scratch);
    const other = await at.open();
    expect(readdirSync(at.scratch)).toEqual(before.filter((name) => !name.endsWith('ghijkl')));
    expect(readFileSync(join(at.dir, 'precious/file'), 'utf8')).toBe('kept');
    await other.close();
    expect(Object.values(tree(at.scratch))).toContain('1');
  });
});
