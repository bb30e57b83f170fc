import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { mergeKubeconfig, setServer } from '../src/kubeconfig/merge.ts';
import { contextOf, parseKubeconfig } from '../src/kubeconfig/read.ts';
import { recording } from './recordings.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (b: Uint8Array): string => new TextDecoder().decode(b);
const fromTalos = bytes(recording('talosctl-1.13', 'secure-kubeconfig-stdout').stdout);
const at = { context: 'infra', server: 'https://192.0.2.11:6443' };
const merged = (current: string | undefined): string =>
  textOf(mergeKubeconfig(current === undefined ? undefined : bytes(current), [fromTalos], at));

const others = `# mine
apiVersion: v1
kind: Config
current-context: work
clusters:
  - name: work # keep
    cluster: {server: "https://work.example.com"}
users: [{name: me, user: {token: abc}}]
contexts:
  - name: work
    context: {cluster: work, user: me}
`;

describe('merging what Talos hands out', () => {
  test('into no file: one context, and no current one', () => {
    const result = parse(merged(undefined));
    expect(result.contexts).toEqual([
      { name: 'infra', context: { cluster: 'infra', namespace: 'default', user: 'admin@infra' } },
    ]);
    expect(result.clusters[0].cluster.server).toBe('https://192.0.2.11:6443');
    expect(result.users).toEqual([{ name: 'admin@infra', user: { token: 'x' } }]);
    expect(result).not.toHaveProperty('current-context');
  });

  test('an empty file is as none', () => expect(merged('')).toBe(merged(undefined)));

  test('other contexts, the current one and comments stay', () => {
    const text = merged(others);
    const result = parse(text);
    expect(result['current-context']).toBe('work');
    expect(result.contexts.map((c: { name: string }) => c.name)).toEqual(['work', 'infra']);
    expect(result.clusters[0]).toEqual({ name: 'work', cluster: { server: 'https://work.example.com' } });
    expect(text).toContain('# mine');
    expect(text).toContain('# keep');
  });

  test('again: the same bytes', () => {
    const once = merged(others);
    expect(merged(once)).toBe(once);
  });

  test('a context of that name is replaced in its place, and nothing else', () => {
    const old = merged(others).replace('https://192.0.2.11:6443', 'https://192.0.2.99:6443');
    expect(merged(old)).toBe(merged(others));
  });

  test('a JSON kubeconfig stays readable', () => {
    const result = parse(merged(JSON.stringify(parse(others))));
    expect(result.contexts).toHaveLength(2);
  });

  test.each([['not a kubeconfig: ['], ['kind: Secret\n'], ['a: 1\na: 2\n'], ['- x\n']])(
    '%j is left alone: the merge fails',
    (current) => {
      expect(() => merged(current)).toThrow(SyntaxError);
    },
  );

  test('what Talos handed out is cut off: nothing is written', () => {
    expect(() => mergeKubeconfig(bytes(others), [bytes('apiVersion: v1\nkind: Config\n')], at)).toThrow(
      /without a context/,
    );
  });
});

describe('changing the address', () => {
  test('of one context, and nothing else', () => {
    const before = merged(others);
    const after = textOf(setServer(bytes(before), [], { context: 'infra', server: 'https://192.0.2.10:6443' }));
    expect(after).toBe(before.replace('https://192.0.2.11:6443', 'https://192.0.2.10:6443'));
  });
  test('of a context that is not there', () =>
    expect(() => setServer(bytes(others), [], at)).toThrow(/no context infra/));
  test('of no file', () => expect(() => setServer(undefined, [], at)).toThrow(/no kubeconfig/));
});

test('a context is read without its keys', () => {
  expect(contextOf(parseKubeconfig(bytes(merged(others))), 'infra')).toEqual({
    server: 'https://192.0.2.11:6443',
    caFingerprint: null,
    credentials: true,
    validTo: null,
  });
  expect(contextOf(parseKubeconfig(bytes(others)), 'infra')).toBeUndefined();
});
