import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '@coldstart/contract';
import { createRedactor, MASK } from '../../src/redact/index.ts';

const text = (s: string): string => createRedactor().text(s);

const pem = `-----BEGIN ED25519 PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHVub3RhcmVhbGtleWJ1dGFsb25nZW5vdWdoMDAw\n-----END ED25519 PRIVATE KEY-----`;
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXRoYXQtaXMtbm90LW9uZQ';

describe('shapes', () => {
  test.each<[what: string, secret: string]>([
    ['PEM', pem],
    ['PEM with \\n spelled out', JSON.stringify(pem).slice(1, -1)],
    ['PEM with a carriage return', pem.replaceAll('\n', '\r\n')],
    ['PEM in base64', Buffer.from(pem).toString('base64')],
    ['PEM in base64 at offset 1', Buffer.from(`x${pem}`).toString('base64').slice(2)],
    ['PEM in base64 at offset 2', Buffer.from(`xy${pem}`).toString('base64').slice(3)],
    [
      'PEM in wrapped base64',
      Buffer.from(pem)
        .toString('base64')
        .replace(/(.{64})/g, '$1\n'),
    ],
    ['age key', `AGE-SECRET-KEY-1${'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'.repeat(2).slice(0, 58)}`],
    ['JWT', jwt],
    ['1Password service account', `ops_${'eyJzaWduSW5BZGRyZXNz'.repeat(3)}`],
    ['GitHub token', `ghp_${'a1B2'.repeat(9)}`],
    ['fine-grained GitHub token', `github_pat_${'a1B2_'.repeat(9)}`],
    ['GitLab token', `glpat-${'a1B2-'.repeat(5)}`],
    ['Talos token', 'w1a2b3.0123456789abcdef'],
    ['aescbc key', 'c2VjcmV0Ym94LWtleS1vZi0zMi1ieXRlcy1mb3JYWSE='],
  ])('%s is masked, wherever it stands', (_, secret) => {
    for (const [before, after] of [
      ['', ''],
      ['it said ', ' and more'],
      ['"', '"'],
      ['x=', ';'],
      ['', '.'],
    ] as const) {
      const masked = text(`first line\n${before}${secret}${after}\nlast line`);
      for (const line of secret.split(/\r?\n/).filter((l) => l.length > 8)) expect(masked).not.toContain(line);
      expect(masked).toContain(MASK);
      expect(masked).toContain('first line');
      expect(masked).toContain('last line');
    }
  });

  test('a PEM block that lost its beginning or its end is masked as far as it goes', () => {
    const [, body = ''] = pem.split('\n');
    expect(text(`${body}\n-----END ED25519 PRIVATE KEY-----\nthen this`)).toBe(`${MASK}\nthen this`);
    expect(text(`-----BEGIN ED25519 PRIVATE KEY-----\n${body}`)).toBe(MASK);
  });

  test('the password in a URL', () => {
    expect(text('https://user:hunter2@git.example.com/x')).toBe(`https://user:${MASK}@git.example.com/x`);
  });

  test.each([
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'node 192.0.2.11 answers on 50000, fe80::1 too, ::ffff:192.0.2.1',
    'quay.io/cilium/cilium:v1.18.4 helm.toolkit.fluxcd.io/v2',
    'kubectl get nodes -o json --context infra',
    'kubectl --kubeconfig kubernetes/kubeconfig --context infra',
    'KUBECONFIG=/home/ada/.kube/config',
    'kubeconfig: ./kubernetes/kubeconfig',
    'token expired; secret/flux-system created; key not found',
  ])('%s tells no secret', (line) => expect(text(line)).toBe(line));
});

describe('names', () => {
  test.each<[what: string, given: string, shown: string]>([
    ['YAML', '    token: abc', `    token: ${MASK}`],
    ['YAML in a list', '  - secret: "a b c"', `  - secret: ${MASK}`],
    ['YAML with a comment', 'aescbcEncryptionSecret: short # why', `aescbcEncryptionSecret: ${MASK}`],
    ['kubeconfig', '    client-key-data: Zm9v', `    client-key-data: ${MASK}`],
    ['block scalar', 'key: |\n  line one\n  line two\nnext: 1', `key: |\n  ${MASK}\n  ${MASK}\nnext: 1`],
    ['value below', 'password:\n  long one\nnext: 1', `password:\n  ${MASK}\nnext: 1`],
    ['JSON', '{"token":"abc","name":"x"}', `{"token":"${MASK}","name":"x"}`],
    ['JSON with escapes', '{"password": "a\\"b\\\\", "n": 1}', `{"password": "${MASK}", "n": 1}`],
    ['JSON in JSON', '{"a":"{\\"token\\":\\"abc\\"}"}', `{"a":"{\\"token\\":\\"${MASK}\\"}"}`],
    ['flow YAML', '{name: x, password: abc}', `{name: x, password: ${MASK}}`],
    ['assignment', 'DB_PASSWORD=abc next', `DB_PASSWORD=${MASK} next`],
    ['flag', '--from-literal=password=abc', `--from-literal=password=${MASK}`],
    ['query', 'GET /x?token=abc&y=1', `GET /x?token=${MASK}&y=1`],
    ['prose', 'invalid token: 0a1b2c3d4e5f', `invalid token: ${MASK}`],
    [
      'Secret, YAML',
      'kind: Secret\ndata:\n  a: Zm9v\n  b: YmFy\ntype: Opaque',
      `kind: Secret\ndata:\n  ${MASK}\n  ${MASK}\ntype: Opaque`,
    ],
    [
      'Secret, JSON',
      '{"kind":"Secret","data":{"a":"Zm9v"},"type":"Opaque"}',
      `{"kind":"Secret","data":{${MASK}},"type":"Opaque"}`,
    ],
  ])('%s', (_, given, shown) => expect(text(given)).toBe(shown));

  test.each([
    'token: ""',
    'password: op://vault/item/field',
    'password: ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]',
    'secret: {{ .Values.secret }}',
    'secretName: cluster-tls',
    'secretRef:\n  name: deploy-key',
    'kind: ConfigMap\ndata:\n  a: visible',
  ])('%s stays', (given) => expect(text(given)).toBe(given));

  test('in plain data: what stands under such a name, whatever its type; other data stays', () => {
    const { json } = createRedactor();
    expect(json({ token: 'a', key: 5, list: [{ password: 'b' }], name: 'x', ok: true, none: null })).toEqual({
      token: MASK,
      key: MASK,
      list: [{ password: MASK }],
      name: 'x',
      ok: true,
      none: null,
    });
    expect(json({ kind: 'Secret', data: { a: 'Zm9v' }, metadata: { name: 'x' } })).toEqual({
      kind: 'Secret',
      data: { a: MASK },
      metadata: { name: 'x' },
    });
  });

  test('arguments: also the value after a flag', () => {
    const harmless = ['--kubeconfig', 'kubernetes/kubeconfig', '--context', 'infra'];
    expect(createRedactor().argv(harmless)).toEqual(harmless);
    expect(createRedactor().argv(['login', '--token', 'abc', '--context', 'infra', '--set=x.password=abc'])).toEqual([
      'login',
      '--token',
      MASK,
      '--context',
      'infra',
      `--set=x.password=${MASK}`,
    ]);
  });
});

describe('known values', () => {
  test('each line, and base64 in any position, JSON and URL forms of it', () => {
    const redactor = createRedactor();
    const [first, second] = ['correct horse "battery"', 'staple/äöü+1'];
    redactor.register(`${first}\nabc\n${second}\n`);
    const whole = `${first}\nabc\n${second}\n`;
    for (const given of [
      first,
      second,
      Buffer.from(first).toString('base64'),
      Buffer.from(whole).toString('base64'),
      Buffer.from(second).toString('base64url'),
      JSON.stringify(first),
      encodeURIComponent(second),
    ])
      expect(redactor.text(`a ${given} z`)).toMatch(/^a "?\[redacted\]"? z$/);
    // The encoding of one character at either end also depends on its neighbour, and tells less than a character.
    for (const before of ['x', 'xy'])
      expect(redactor.text(Buffer.from(`${before}${first}yz`).toString('base64'))).toMatch(
        /^.{0,4}\[redacted\].{0,4}$/,
      );
    expect(redactor.text('abc')).toBe('abc');
  });

  test('values that overlap are masked together', () => {
    const redactor = createRedactor();
    redactor.register('abcdefgh');
    redactor.register('efghijkl');
    expect(redactor.text('<abcdefghijkl>')).toBe(`<${MASK}>`);
  });

  test('the longer of two that begin alike', () => {
    const redactor = createRedactor();
    redactor.register('abcdef');
    redactor.register('abcdefghi');
    expect(redactor.text('abcdefghi abcdefg')).toBe(`${MASK} ${MASK}g`);
  });
});

describe('terminal and CI', () => {
  test('escape sequences and control characters go, also where they split a secret', () => {
    expect(text('\u001b[31mred\u001b[0m \u001b]0;title\u0007a\u0000b\u0008c\u009b1md\r\ne\rf')).toBe('red abcd\ne\nf');
    expect(text('ghp_\u001b[0ma1B2a1B2a1B2a1B2a1B2a1B2')).toBe(MASK);
    expect(text('a\u202eb\u200bc')).toBe('abc');
  });

  test.each([
    ['::set-output name=x::y', ': :set-output name=x::y'],
    ['  ::error::no', '  : :error::no'],
    ['##[group]x', '# #[group]x'],
    ['a ##vso[task.setvariable]b', 'a # #vso[task.setvariable]b'],
    ['::1', '::1'],
  ])('%s', (given, shown) => expect(text(given)).toBe(shown));
});

describe('scan', () => {
  const scan = (s: string, known: string[] = []): string[] => {
    const redactor = createRedactor();
    for (const value of known) redactor.register(value);
    return redactor.scan(new TextEncoder().encode(s));
  };

  test('names the rule and the place, never the value', () => {
    expect(scan('ok\n  ghp_a1B2a1B2a1B2a1B2a1B2a1B2')).toEqual(['GitHub token at 2:3']);
    expect(scan('{"a":{"password":"x"}}')).toEqual(['secret by name at /a/password']);
    expect(scan('{"seq":0}\n{"a":["token: abc"]}\n')).toEqual(['secret by name at line 2 /a/0']);
    expect(scan('so: hunter22', ['hunter22'])).toEqual(['known value at 1:5']);
  });

  test('what was cut off in the middle of a mask is no secret', () => {
    expect(scan('{"seq":0}\n{"token":"[redac')).toEqual([]);
  });

  // A few building blocks that make up what is hard: names, quotes, borders, secrets, escapes.
  const nasty = fc
    .array(
      fc.constantFrom(
        'token',
        'key',
        'password',
        'kind',
        'Secret',
        'data',
        ': ',
        ':',
        '=',
        '"',
        "'",
        '\\',
        '\n',
        '  ',
        '- ',
        ' ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '|',
        '#',
        'abcdef.0123456789abcdef',
        'ghp_a1B2a1B2a1B2a1B2a1B2a1B2',
        jwt,
        '-----BEGIN X KEY-----',
        '-----END X KEY-----',
        'LS0tLS1CRUdJTi',
        'MC4CAQAwBQYDK2Vw',
        'hunter22',
        'aHVudGVyMjI=',
        '[redacted]',
        '::',
        '##[',
        '\u001b[',
        '\r',
        '://',
        '@',
        'x',
        '9f8e7d6c',
        'bearer ',
        '?',
        '<nil>',
        'null',
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join(''));
  const leaves: fc.Arbitrary<Json> = fc.oneof(nasty, fc.integer(), fc.boolean(), fc.constant(null));
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaves,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.constantFrom('token', 'kind', 'data', 'name', 'key'), nasty), tie('value'), {
        maxKeys: 4,
      }),
    ),
  })).value;
  const known = (): ReturnType<typeof createRedactor> => {
    const redactor = createRedactor();
    redactor.register('hunter22');
    return redactor;
  };

  test('nothing is found in what was masked; masking it again changes nothing', () => {
    fc.assert(
      fc.property(nasty, (given) => {
        const redactor = known();
        const masked = redactor.text(given);
        expect(redactor.text(masked)).toBe(masked);
        expect(masked).not.toContain('hunter22');
      }),
      { numRuns: 3000 },
    );
  });

  test('breaking up a CI command does not make a secret of what stands beside it', () => {
    const redactor = known();
    const masked = redactor.text("secret token: 'x9##[>?");
    expect(redactor.scan(new TextEncoder().encode(masked))).toEqual([]);
  });

  test('nothing is found in masked data, in a line or over many', () => {
    fc.assert(
      fc.property(json, (given) => {
        const redactor = known();
        const masked = redactor.json({ value: given });
        const utf8 = new TextEncoder();
        expect(redactor.scan(utf8.encode(`${JSON.stringify(masked)}\n${JSON.stringify(masked)}\n`))).toEqual([]);
        expect(redactor.scan(utf8.encode(JSON.stringify(masked, null, 2)))).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });
});

test.each<[what: string, make: (n: number) => string]>([
  ['beginnings of PEM', (n) => '-----BEGIN X KEY-----\n'.repeat(n / 20)],
  ['beginnings of JWT', (n) => 'eyJ'.repeat(n / 3)],
  ['beginnings of base64 PEM', (n) => 'LS0tLS1CRUdJTi'.repeat(n / 14)],
  ['quotes', (n) => '"'.repeat(n)],
  ['backslashes', (n) => '\\'.repeat(n)],
  ['open names', (n) => '"token":"'.repeat(n / 9)],
  ['assignments', (n) => 'token='.repeat(n / 6)],
  ['blanks', (n) => ' '.repeat(n)],
  ['newlines', (n) => '\n'.repeat(n)],
  ['escapes', (n) => '\u001b]'.repeat(n / 2)],
  ['data of Secrets', (n) => `kind: Secret ${'"data":{'.repeat(n / 8)}`],
  ['colons', (n) => '::a'.repeat(n / 3)],
  ['blocks', (n) => 'key: |\n '.repeat(n / 8)],
])('time grows with the length only: %s', (_, make) => {
  const redactor = createRedactor();
  redactor.register('hunter22');
  /** Processor time, in microseconds. A machine whose processors are lent to others counts what they take, too. */
  const time = (given: string, times: number): number => {
    const began = process.threadCpuUsage();
    for (let i = 0; i < times; i++) redactor.text(given);
    return process.threadCpuUsage(began).user;
  };
  const [times, small, large] = [64, make(2_500), make(160_000)];
  time(small, times);
  // As much text, in pieces and in one, in turns; the best of each. In one piece a quadratic rule takes 64 times as long.
  const rounds = Array.from({ length: 5 }, () => [time(small, times), time(large, 1)] as const);
  const [pieces, whole] = [Math.min(...rounds.map(([of]) => of)), Math.min(...rounds.map(([, of]) => of))];
  // Time is told in steps of 4 ms.
  expect(whole / Math.max(4000, pieces)).toBeLessThan(8);
});

test('a text that was harmless is masked once a value in it is known', () => {
  const redactor = createRedactor();
  const bytes = new TextEncoder().encode('cluster plainvalue1');
  expect([redactor.text('cluster plainvalue1'), redactor.scan(bytes)]).toEqual(['cluster plainvalue1', []]);
  redactor.register('plainvalue1');
  expect(redactor.text('cluster plainvalue1')).toBe(`cluster ${MASK}`);
  expect(redactor.scan(bytes)).toEqual(['known value at 1:9']);
});

test('a file that is not UTF-8 keeps its other bytes', () => {
  const masked = createRedactor().maskFile(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(' token: abc')]));
  expect(Buffer.from(masked).toString('latin1')).toBe(`\u00ff\u00fe token: abc`);
  expect(Buffer.from(createRedactor().maskFile(Buffer.from('token: abc\n'))).toString()).toBe(`token: ${MASK}\n`);
});
