import { describe, expect, it } from 'vitest';
import { fakeReader, lookWith, type Answers, type Said } from '../../../../packages/tools/test/fakes.ts';
import { tools } from '../../src/steps/tools.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';
import { surveyed } from './common.ts';

describe('helmfile/tools', () => {
  const all = { helmfile: '1.8.0', helm: '4.3.0', kubectl: '1.36.3', op: '2.30.0' };
  const look = async (
    installed: Record<string, string | null>,
    answers: Answers = { 'op account list': { stdout: '[{}]' } },
    env = {},
  ) => tools.observe(lookWith(fakeReader(answers, { tools: installed, env }), await surveyed(), undefined));
  it('is done when all are there', async () =>
    expect(await look(all)).toMatchObject({ state: 'done', deviations: [] }));
  it('tells everything that is missing at once', async () => {
    expect(await look({ kubectl: '1.36.3' })).toMatchObject({
      state: 'blocked',
      cause: 'helmfile is not on the PATH; helm is not on the PATH; op is not on the PATH',
    });
  });
  it('tells a version that nobody tried, and goes on', async () => {
    expect(await look({ ...all, helm: '3.17.0' })).toMatchObject({
      state: 'done',
      deviations: [expect.stringContaining('helm 3.17.0')],
    });
  });
  it('wants op to have an account', async () => {
    expect(await look(all, { 'op account list': { stdout: '[]' } })).toMatchObject({
      state: 'blocked',
      cause: '1Password: no account and no token',
      remedy: expect.stringContaining('op signin'),
    });
  });
  it('or a token', async () => {
    expect(await look(all, {}, { OP_SERVICE_ACCOUNT_TOKEN: 'x' })).toMatchObject({ state: 'done' });
  });
  it('wants a key that decrypts, where Secrets are SOPS files', async () => {
    const facts = { ...(await surveyed()), 'helmfile/secrets': [{ path: 's.sops.yaml', by: 'sops', secrets: [] }] };
    const world = fakeReader(
      { 'sops -d': { exit: 128, stderr: recording('sops/decrypt-no-key').stderr } },
      { tools: { ...all, sops: '3.13.3' } },
    );
    expect(await tools.observe(lookWith(world, facts, undefined))).toMatchObject({
      state: 'blocked',
      cause: 's.sops.yaml: none of the keys at hand decrypts it',
    });
  });
});

const INSTALLED = { helmfile: '1.8.0', helm: '4.3.0', kubectl: '1.36.3', op: '2.30.0', sops: '3.13.3' };
const look = (by: 'op' | 'sops', said: Said, installed: Record<string, string> = INSTALLED) =>
  tools.observe(
    lookWith(
      fakeReader({ 'op account list': said, 'sops -d': said }, { tools: installed }),
      { 'helmfile/secrets': [{ path: 's', by, secrets: [] }] },
      undefined,
    ),
  );

describe('a tool that told nothing is unknown, and not a no', () => {
  it.each<[string, 'op' | 'sops', Said, RegExp]>([
    ['op hangs', 'op', { how: 'deadline', exit: null }, /op did not tell \(no answer in time\)/],
    [
      'op is not signed in',
      'op',
      { exit: 1, stderr: '[ERROR] 2026/11/21 00:00:00 no accounts configured for use with 1Password CLI.\n' },
      /op did not tell \(.*no accounts configured/,
    ],
    ['op prints something else', 'op', { stdout: 'hello' }, /no readable JSON/],
    ['sops hangs', 'sops', { how: 'deadline', exit: null }, /sops did not tell/],
  ])('%s', async (_, by, said, cause) => {
    expect(await look(by, said)).toMatchObject({
      state: 'unknown',
      cause: expect.stringMatching(cause),
      remedy: expect.stringMatching(by === 'op' ? /op signin/ : /SOPS_AGE_KEY_FILE/),
    });
  });

  it('what said no is blocked', async () => {
    expect(await look('op', { stdout: '[]' })).toMatchObject({ state: 'blocked' });
    expect(await look('sops', { exit: 128 })).toMatchObject({ state: 'blocked' });
  });

  it('and so is what is missing beside it', async () => {
    const { helm: _helm, ...others } = INSTALLED;
    expect(await look('op', { how: 'deadline', exit: null }, others)).toMatchObject({
      state: 'blocked',
      page: 'tools-missing',
      cause: expect.stringMatching(/^helm is not on the PATH; 1Password: op did not tell/),
      remedy: expect.stringMatching(/^Install helm, and put it on the PATH\. Sign in/),
    });
  });
});
