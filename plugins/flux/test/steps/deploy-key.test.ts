import { describe, expect, it } from 'vitest';
import { fakeReader, lookWith, unnamed, type Answers } from '../../../../packages/tools/test/fakes.ts';
import { failureOf } from '../../../../packages/tools/test/recording.ts';
import { deployKey, secretValueTransform } from '../../src/steps/deploy-key.ts';
import { facts } from './common.ts';

const digest = (facts['flux/source'] as { digest: string }).digest;

describe('flux/deploy-key', () => {
  const look = async (answer: Answers[string], more: object = {}) => {
    const world = fakeReader({ 'get secrets': answer });
    const seen = await deployKey.observe(lookWith(world, { ...facts, ...more }, undefined));
    expect(unnamed(world.asked)).toEqual([]);
    return seen;
  };
  const secret = (annotations: object, labels: object = {}) => ({
    stdout: JSON.stringify({
      kind: 'Secret',
      metadata: { name: 'flux-system', namespace: 'flux-system', annotations, labels },
      data: { identity: 'c2VjcmV0' },
    }),
  });
  it('is done by annotation', async () => {
    const seen = await look(secret({ 'coldstart.io/template': digest }));
    expect(seen).toMatchObject({ state: 'done', facts: { 'flux/deploy-key': 'flux-system/flux-system' } });
    expect(JSON.stringify(seen)).not.toContain('c2VjcmV0');
  });
  it('is needed where there is none, or one of another template', async () => {
    expect(await look({ stdout: '' })).toMatchObject({ state: 'needed', cause: 'flux-system/flux-system is missing' });
    expect(await look(secret({ 'coldstart.io/template': 'x' }))).toMatchObject({ state: 'needed' });
  });
  it('leaves what Flux has taken over', async () => {
    expect(await look(secret({}, { 'kustomize.toolkit.fluxcd.io/name': 'x' }))).toMatchObject({ state: 'done' });
  });
  it('is blocked where nothing brings it', async () => {
    const other = { ...(facts['flux/source'] as object), deployKey: null, digest: null };
    expect(await look({ stdout: '' }, { 'flux/source': other })).toMatchObject({
      state: 'blocked',
      page: 'deploy-key-missing',
    });
    expect(await look(secret({}), { 'flux/source': other })).toMatchObject({ state: 'done' });
  });
  it('tries the key before it applies it, by private files and pinned host keys', () => {
    const plan = deployKey.kind === 'change' ? deployKey.plan({ key: 'cluster', item: undefined, facts }) : [];
    expect(plan.map((a) => a.id)).toEqual(['read', 'try', 'apply']);
    const [read, attempt] = plan;
    expect(read).toMatchObject({
      tool: 'op',
      argv: ['inject', '-i', 'bootstrap/infra/deploy-key.yaml.tpl'],
      out: { secret: true, keep: 'none' },
    });
    expect(attempt).toMatchObject({
      tool: 'git',
      argv: ['ls-remote', '--exit-code', '--heads', '--', 'ssh://git@git.example.com/k8s-ops.git', 'main'],
    });
    const env = attempt?.do === 'exec' ? attempt.env : {};
    expect(env?.['GIT_SSH_COMMAND']).toContain('StrictHostKeyChecking=yes');
    expect(env?.['COLDSTART_DEPLOY_KEY']).toEqual({
      file: {
        fn: 'flux/secret-value',
        in: [{ ref: 'out/filled' }],
        with: { namespace: 'flux-system', name: 'flux-system', key: 'identity' },
      },
    });
  });
  it('hands over the decoded key', () => {
    const filled = new TextEncoder().encode(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b}\ndata: {identity: LS0tIGtleQo=}\n',
    );
    expect(
      new TextDecoder().decode(secretValueTransform([filled], { namespace: 'b', name: 'a', key: 'identity' })),
    ).toBe('--- key\n');
    expect(() => secretValueTransform([filled], { namespace: 'b', name: 'a', key: 'known_hosts' })).toThrow(
      /has no known_hosts/,
    );
  });
  it('does not try a key over https', () => {
    const https = { ...(facts['flux/source'] as object), url: 'https://git.example.com/x' };
    const plan =
      deployKey.kind === 'change'
        ? deployKey.plan({ key: 'cluster', item: undefined, facts: { ...facts, 'flux/source': https } })
        : [];
    expect(plan.map((a) => a.id)).toEqual(['read', 'apply']);
  });
  it.each([
    ['git/ls-remote-branch-missing', 'fatal', /no branch main/],
    ['git/ls-remote-ssh-refused', 'transient', /could not be reached/],
  ])('%s', (name, kind, cause) => {
    const plan = deployKey.kind === 'change' ? deployKey.plan({ key: 'cluster', item: undefined, facts }) : [];
    const failure = { ...failureOf(name), action: plan[1] as never };
    const judged = deployKey.kind === 'change' && deployKey.classify(failure);
    expect(judged).toMatchObject({ kind, cause: expect.stringMatching(cause), page: 'deploy-key-refused' });
  });
});
