import { describe, expect, it } from 'vitest';
import { kubectlFailure } from '../src/index.ts';
import { failureOf } from './recording.ts';

const of = (text: string) => kubectlFailure({ ...failureOf('kubectl/invalid-yaml'), text });
const validating = (why: string): string =>
  `error: error validating "STDIN": error validating data: failed to download openapi: Get "https://192.0.2.11:6443/openapi/v3?timeout=5s": ${why}; if you choose to ignore these errors, turn validation off with --validate=false`;

/** kubectl fetches the schemas first, and calls whatever goes wrong there a failure to validate. */
describe('a manifest that was never validated', () => {
  it.each([
    'dial tcp 192.0.2.11:6443: connect: connection refused',
    'dial tcp 192.0.2.11:6443: i/o timeout',
    'EOF',
    'the server is currently unable to handle the request',
  ])('may be sent again: %s', (why) =>
    expect(of(validating(why))).toMatchObject({ kind: 'transient', cause: expect.stringContaining('not be reached') }),
  );

  it('is refused all the same where another cluster may answer', () =>
    expect(
      of(validating('tls: failed to verify certificate: x509: certificate signed by unknown authority')),
    ).toMatchObject({ kind: 'fatal', refuse: true }));
});

it('a manifest that does not validate is mended, not sent again', () => {
  expect(kubectlFailure(failureOf('kubectl/invalid-yaml'))).toMatchObject({
    kind: 'fatal',
    cause: expect.stringContaining('does not accept the manifest'),
  });
  expect(of('error validating "STDIN": unknown field "spec.EOFs"')).toMatchObject({ kind: 'fatal' });
});
