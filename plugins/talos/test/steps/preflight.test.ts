import { describe, expect, test } from 'vitest';
import { configsValid } from '../../src/steps/configs-valid.ts';
import { tools } from '../../src/steps/tools.ts';
import { fakeWorld, lookAs } from '../fake.ts';
import { recording } from '../recordings.ts';
import { facts, nodeNamed, err } from './common.ts';

describe('tools and machine configs', () => {
  test('all there', async () =>
    expect((await tools.observe(lookAs(fakeWorld({}), facts, undefined, 'cluster'))).state).toBe('done'));
  test('one missing is named', async () => {
    expect(
      await tools.observe(lookAs(fakeWorld({}, { tools: { kubectl: '1.36.3' } }), facts, undefined, 'cluster')),
    ).toMatchObject({ state: 'blocked', cause: 'talosctl cannot be found' });
  });
  test('an older talosctl is said', async () => {
    const seen = await tools.observe(
      lookAs(fakeWorld({}, { tools: { talosctl: '1.12.1', kubectl: '1.36.3' } }), facts, undefined, 'cluster'),
    );
    expect(seen).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining("1.12.1 is older than the configs' Talos v1.13.0")],
    });
  });
  test('a talosconfig whose certificate has ended', async () => {
    const world = fakeWorld({});
    world.clock.wall = Date.parse('2099-01-01T00:00:00Z');
    expect(await tools.observe(lookAs(world, facts, undefined, 'cluster'))).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('ended'),
      page: 'talosconfig',
    });
  });
  test('every config is validated by itself, and what is wrong is quoted', async () => {
    const world = fakeWorld({}, { validate: () => err(recording('talosctl-local', 'validate-no-disk').stderr) });
    expect(await configsValid.observe(lookAs(world, facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'blocked',
      cause: expect.stringContaining('either install disk or diskSelector'),
      page: 'disk-not-found',
    });
    expect(await configsValid.observe(lookAs(fakeWorld({}), facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'done',
    });
  });
  test('a talosctl that does not come to an end says nothing of the config: looked at again', async () => {
    const world = fakeWorld({}, { validate: () => ({ ...err(''), exit: null, how: 'deadline' }) });
    expect(await configsValid.observe(lookAs(world, facts, nodeNamed('infra-04'), 'infra-04'))).toMatchObject({
      state: 'unknown',
      cause: expect.stringContaining('gave no answer within'),
    });
  });
});
