import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPlugins, loadPlugins } from '../src/plugins/find.ts';
import { temporary } from './support/run.ts';

function plugin(folder: string, name: string, oclif: object | null = {}, commands: string[] = []): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', type: 'module', ...(oclif && { oclif }) }),
  );
  const entries = commands.map((id) => [id, { id, flags: {}, args: {} }]);
  writeFileSync(
    join(folder, 'oclif.manifest.json'),
    JSON.stringify({ version: '1.0.0', commands: Object.fromEntries(entries) }),
  );
  return folder;
}

describe('plugins are found', () => {
  test('from the host upwards, the nearest first, links followed, others left alone', async () => {
    const root = temporary();
    const host = join(root, 'a', 'node_modules', '@coldstart', 'cli');
    mkdirSync(host, { recursive: true });
    const near = plugin(join(root, 'a/node_modules/@coldstart/plugin-one'), '@coldstart/plugin-one');
    plugin(join(root, 'node_modules/@coldstart/plugin-one'), '@coldstart/plugin-one');
    const above = plugin(join(root, 'node_modules/@coldstart/plugin-two'), '@coldstart/plugin-two');
    const linked = plugin(join(root, 'elsewhere/three'), '@coldstart/plugin-three');
    symlinkSync(linked, join(root, 'node_modules/@coldstart/plugin-three'));
    symlinkSync(join(root, 'gone'), join(root, 'node_modules/@coldstart/plugin-dangling'));
    plugin(join(root, 'node_modules/@coldstart/plugin-bare'), '@coldstart/plugin-bare', null);
    plugin(join(root, 'node_modules/@coldstart/tools'), '@coldstart/tools');
    plugin(join(root, 'node_modules/plugin-unscoped'), 'plugin-unscoped');
    expect([...(await findPlugins([host]))]).toEqual([
      ['@coldstart/plugin-one', near],
      ['@coldstart/plugin-three', linked],
      ['@coldstart/plugin-two', above],
    ]);
  });

  test('also from a further start', async () => {
    const root = temporary();
    mkdirSync(join(root, 'host'));
    const other = plugin(join(root, 'all/node_modules/@coldstart/plugin-one'), '@coldstart/plugin-one');
    expect([...(await findPlugins([join(root, 'host'), join(root, 'all')]))]).toEqual([
      ['@coldstart/plugin-one', other],
    ]);
  });
});

describe('plugins are loaded', () => {
  test('the host first; one that brings a command of another is refused', async () => {
    const root = temporary();
    const host = plugin(join(root, 'host'), 'host', {}, ['cluster:plan']);
    const good = plugin(join(root, 'good'), '@coldstart/plugin-good', {}, ['talos:nodes']);
    const bad = plugin(join(root, 'bad'), '@coldstart/plugin-bad', {}, ['cluster:plan']);
    expect([...(await loadPlugins(host, new Map([['good', good]]))).keys()]).toEqual([
      'host',
      '@coldstart/plugin-good',
    ]);
    await expect(loadPlugins(host, new Map([['bad', bad]]))).rejects.toMatchObject({
      exit: 2,
      message: '@coldstart/plugin-bad and host both bring the command "cluster plan"',
    });
  });

  test('one that does not load is an error, not a warning', async () => {
    const root = temporary();
    const host = plugin(join(root, 'host'), 'host');
    const broken = plugin(join(root, 'broken'), '@coldstart/plugin-broken');
    writeFileSync(join(broken, 'package.json'), '{ "name": ');
    await expect(loadPlugins(host, new Map([['broken', broken]]))).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('does not load') as string,
    });
  });
});
