import { describe, expect, it } from 'vitest';
import { asList, fakeReader, lookWith, unnamed, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { secrets } from '../../src/steps/secrets.ts';
import type { SecretFile } from '../../src/survey/types.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { surveyed } from './common.ts';

describe('helmfile/secrets', async () => {
  const facts = await surveyed();
  const [{ item } = { item: undefined as never }] = secrets.forEach?.(facts) ?? [];
  const file = item as SecretFile;
  const live = (digestOf: (name: string) => string | undefined) => (probe: { argv: string[] }) => {
    const namespace = probe.argv[probe.argv.indexOf('-n') + 1];
    return {
      stdout: asList(
        file.secrets
          .filter((s) => s.namespace === namespace && digestOf(s.name) !== undefined)
          .map((s) => ({
            kind: 'Secret',
            metadata: { name: s.name, namespace, annotations: { 'coldstart.io/template': digestOf(s.name) } },
            data: { x: 'c2VjcmV0LXZhbHVl' },
          })),
      ),
    };
  };
  const right = (name: string): string => file.secrets.find((s) => s.name === name)?.digest ?? '';
  const look = async (answer: Answers[string]) => {
    const world = fakeReader({ 'get secrets': answer });
    const seen = await secrets.observe(lookWith(world, facts, file, { key: file.path }));
    expect(unnamed(world.asked)).toEqual([]);
    expect(JSON.stringify(seen)).not.toMatch(/c2VjcmV0|secret-value/);
    return seen;
  };
  it('is done by annotation, without reading 1Password', async () => {
    expect(await look(live(right))).toMatchObject({ state: 'done' });
  });
  it('names one that is missing, and one of another template', async () => {
    expect(
      await look(live((n) => (n === 'sops-age' ? undefined : n === 'cluster-secrets' ? 'other' : right(n)))),
    ).toMatchObject({
      state: 'needed',
      cause: 'flux-system/cluster-secrets is made from another template, or by hand, flux-system/sops-age is missing',
    });
  });
  it('is unknown where the API does not answer', async () => {
    expect(await look({ exit: 1, stderr: recording('kubectl/refused').stderr })).toMatchObject({ state: 'unknown' });
  });
  it('reads with op, and hands over by reference: no value in any argv', () => {
    const [read, apply] = secrets.kind === 'change' ? secrets.plan({ key: file.path, item: file, facts }) : [];
    expect(read).toMatchObject({
      tool: 'op',
      argv: ['inject', '-i', 'bootstrap/infra/secrets.yaml.tpl'],
      risk: 'read',
      out: { secret: true, keep: 'none' },
    });
    expect(apply).toMatchObject({
      tool: 'kubectl',
      stdin: { fn: 'helmfile/fill-secrets', in: [{ ref: 'out/filled' }, { read: 'bootstrap/infra/secrets.yaml.tpl' }] },
    });
    expect(apply?.do === 'exec' && apply.argv.every((a) => typeof a === 'string')).toBe(true);
  });
  it('reads a SOPS file with sops', () => {
    const sops: SecretFile = {
      path: 'bootstrap/infra/secrets.sops.yaml',
      by: 'sops',
      secrets: [{ namespace: 'x', name: 'a', digest: 'd' }],
    };
    const [read] = secrets.kind === 'change' ? secrets.plan({ key: sops.path, item: sops, facts }) : [];
    expect(read).toMatchObject({ tool: 'sops', argv: ['-d', 'bootstrap/infra/secrets.sops.yaml'] });
  });
});
