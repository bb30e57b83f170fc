import { describe, expect, it } from 'vitest';
import { fakeReader, lookWith, type Said } from '../../../packages/tools/test/fakes.ts';
import { tools } from '../src/steps/tools.ts';

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
