import { describe, expect, it } from 'vitest';
import { failureOf } from '../../../../packages/tools/test/recording.ts';
import { helmfile, helmfileFailure, parseHelmfileVersion } from '../../src/tool.ts';
import { recording } from '../../../../packages/tools/test/recording.ts';

describe('helmfile, the tool', () => {
  it('reads its version', () => expect(parseHelmfileVersion(recording('helmfile/version').stdout)).toBe('1.8.0'));
  it.each([
    ['--file x.yaml --kube-context sync template', true],
    ['--file x.yaml list --output json', true],
    ['--file x.yaml sync --skip-needs', false],
    ['--file x.yaml template --validate', false],
    ['--file x.yaml template --output-dir y', false],
    ['--file x.yaml destroy', false],
  ])('%s only reads: %s', (line, reads) => expect(helmfile.reads(line.split(' '))).toBe(reads));
  it.each([
    ['helmfile/needs-circular', 'fatal', /circle/],
    ['helmfile/needs-missing', 'fatal', /a release that is not there/],
    ['helmfile/unknown-selector', 'fatal', /no release of this name/],
    ['helmfile/missing-values', 'fatal', /is not there/],
    ['helmfile/missing-file', 'fatal', /is not there/],
    ['helmfile/required-env', 'fatal', /environment variable/],
    ['helmfile/bad-yaml', 'fatal', /cannot read/],
    ['helmfile/no-such-context', 'fatal', /no such context/],
    ['helmfile/apply-without-diff-plugin', 'fatal', /helm-diff/],
    [
      'helmfile/pull-half',
      'fatal',
      /^half of a chart lies in the cache of helmfile, at \/home\/op\/\.cache\/helmfile\/oci__127_0_0_2_5055\/charts\/chart\/0\.1\.0: /,
    ],
    ['helm/upgrade-over-pending', 'fatal', /in progress, or was ended/],
    ['helm/wait-timeout', 'ambiguous', /not Ready in time/],
  ])('%s is %s', (name, kind, cause) => {
    const judged = helmfileFailure(failureOf(name));
    expect(judged.kind).toBe(kind);
    expect(judged.cause).toMatch(cause);
  });
  it('a chart that another helmfile fetches is tried again', () => {
    // After the source of helmfile 1.8 (pkg/state, acquireExclusiveLock).
    const text = 'timeout waiting for exclusive file lock on chart /home/op/.cache/helmfile/x/1.0.0 after 30s';
    expect(helmfileFailure({ how: 'exit', exit: 1, text })).toMatchObject({ kind: 'transient', page: 'chart' });
  });
});
