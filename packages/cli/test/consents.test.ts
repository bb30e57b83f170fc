import type { ConfigSection } from '@coldstart/contract';
import { describe, expect, test } from 'vitest';
import { override } from '../src/config/override.ts';
import { commandLine } from '../src/session/command-line.ts';

const section = {
  section: 'talos',
  jsonSchema: {},
  validate: (value: unknown) => ({ value: value as never }),
  flags: { 'accept-machine': 'acceptMachines', parallel: 'apply.parallel' },
  consents: ['accept-machine'],
} satisfies ConfigSection;
const told = (flags: object, env: Record<string, string>) =>
  override(section, {}, { flags: flags as never, env: (name) => env[name] });

describe('consent', () => {
  test('no environment variable gives it; a flag does', () => {
    const env = { COLDSTART_ACCEPT_MACHINE: 'infra-05', COLDSTART_PARALLEL: '2' };
    expect(told({}, env)).toEqual({ apply: { parallel: 2 } });
    expect(told({ 'accept-machine': ['infra-05'] }, env)).toEqual({
      acceptMachines: ['infra-05'],
      apply: { parallel: 2 },
    });
  });

  test('is given once: the command to go on with does not give it again', () =>
    expect(
      commandLine('coldstart', ['cluster', 'create', 'infra', '--repin', 'infra', '--accept-machine=infra-05']),
    ).toBe('coldstart cluster create infra'));
});
