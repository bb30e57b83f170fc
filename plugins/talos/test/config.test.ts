import { describe, expect, test } from 'vitest';
import { DEFAULTS, talosConfig } from '../src/config.ts';
import { talosctlTool } from '../src/tool.ts';
import { recording } from './recordings.ts';

const issuesOf = (value: unknown) => {
  const result = talosConfig.validate(value);
  return 'issues' in result ? result.issues : [];
};

describe('the section talos', () => {
  test('needs no line: the retry pattern of apply is 3 s doubled up to 60 s, five times, ±20 %', () => {
    expect(talosConfig.validate(undefined)).toEqual({ value: JSON.parse(JSON.stringify(DEFAULTS)) });
    expect(DEFAULTS.apply).toMatchObject({
      parallel: 1,
      retries: 5,
      first: 3000,
      factor: 2,
      max: 60_000,
      jitter: 0.2,
      reapply: false,
    });
    expect(DEFAULTS).toMatchObject({ port: 50_000, allowMissingWorkers: 0, preflight: { tries: 3 } });
  });

  test('durations with units, or milliseconds', () => {
    const result = talosConfig.validate({ verify: { every: '250ms', within: '1h' }, etcd: { within: 1500 } });
    expect(result).toMatchObject({
      value: { verify: { every: 250, within: 3_600_000, left: 60_000 }, etcd: { within: 1500 } },
    });
  });

  test('a validated section validates to itself', () => {
    const { value } = talosConfig.validate({ apply: { parallel: 4 } }) as { value: unknown };
    expect(talosConfig.validate(value)).toEqual({ value });
  });

  test.each([
    [{ aply: {} }, { path: [], found: 'the key aply' }],
    [{ apply: { parallel: 0 } }, { path: ['apply', 'parallel'], found: '0' }],
    [{ apply: { first: '3 s' } }, { path: ['apply', 'first'], found: '"3 s"' }],
    [{ bootstrapNode: '-rf' }, { path: ['bootstrapNode'], found: '"-rf"' }],
    [{ nodes: { 'infra-01': 5 } }, { path: ['nodes', 'infra-01'], found: '5' }],
    ['x', { path: [], found: '"x"' }],
  ])('%j is refused with its place', (value, expected) => {
    expect(issuesOf(value)[0]).toMatchObject(expected);
    expect(issuesOf(value)[0]?.expected).not.toBe('');
  });

  test('its JSON Schema describes what an operator writes', () => {
    expect(talosConfig.jsonSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(talosConfig.jsonSchema['required']).toBeUndefined();
  });
});

describe('talosctl as a tool', () => {
  test('its version', () => {
    expect(talosctlTool.version.parse(recording('talosctl-local', 'version-client-short').stdout, '')).toBe('1.13.0');
    expect(talosctlTool.version.parse(recording('talosctl-1.12', 'secure-version').stdout, '')).toBe('1.12.1');
    expect(talosctlTool.version.parse('', '')).toBeNull();
  });

  test.each([
    'get machinestatus -o json',
    'services',
    'etcd members',
    'etcd status',
    'etcd alarm list',
    'version --client --short',
    'validate -m metal -c x.yaml',
    'kubeconfig -',
    'config info',
    'apply-config -f x --dry-run',
  ])('%s only reads', (line) => expect(talosctlTool.reads(line.split(' '))).toBe(true));

  test.each([
    '',
    'apply-config -f x',
    'bootstrap',
    'reset',
    'upgrade',
    'reboot',
    'kubeconfig',
    'kubeconfig ./out',
    'etcd snapshot x',
    'etcd leave',
    'services etcd restart',
    'get machinestatus -w',
    'config merge x',
    'gen secrets',
    'edit mc',
    'health --server=false',
  ])('%j does not count as reading', (line) =>
    expect(talosctlTool.reads(line === '' ? [] : line.split(' '))).toBe(false),
  );
});
