/**
 * A SHIM, not 1Password's tool, which cannot be built here and needs an account. It answers `op inject`,
 * `op whoami`, `op account list` and `op --version` with made-up values, so that what stands around them can be real.
 *
 *     COLDSTART_SHIM_OP=signed-out   every command that needs an account fails, as it does before `op signin`
 *     COLDSTART_SHIM_OP_LOG=FILE     one JSON line per call with its argv
 *
 * Values are derived from their reference: the same each time, throw-away, base64 where the field's name ends in
 * _b64. An item whose name contains `missing` is not there. Where a test needs a value that fits something else,
 * `$XDG_CONFIG_HOME/coldstart-shim-op.json` holds it by its reference, not encoded.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { LABEL } from './label.ts';

const fail = (message: string): never => {
  process.stderr.write(`[ERROR] (shim op) ${message}\n`);
  process.exit(1);
};

/** Values that a test gives, by reference. */
const own = ((): Readonly<Record<string, string>> => {
  try {
    const file = join(process.env['XDG_CONFIG_HOME'] ?? '', 'coldstart-shim-op.json');
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
})();

const valueOf = (reference: string): string => {
  const [, item = '', ...rest] = reference.slice('op://'.length).split('/');
  const field = rest.at(-1) ?? '';
  if (item.includes('missing')) fail(`could not resolve ${reference}: "${item}" isn't an item in this vault`);
  const value = own[reference] ?? `throw-away-${createHash('sha256').update(reference).digest('hex').slice(0, 24)}`;
  return field.endsWith('_b64') ? Buffer.from(value).toString('base64') : value;
};

const part = String.raw`[A-Za-z0-9_.-]+`;
const bare = String.raw`op://${part}(?:/${part}){2,3}`;
// In braces a reference may hold spaces; without them it ends where its alphabet does.
const references = new RegExp(String.raw`\{\{\s*(op://[^{}]+?)\s*\}\}|(${bare})`, 'g');

const inject = (argv: string[]): void => {
  const { values } = parseArgs({
    args: argv,
    options: {
      'in-file': { type: 'string', short: 'i' },
      'out-file': { type: 'string', short: 'o' },
      'file-mode': { type: 'string' },
      force: { type: 'boolean', short: 'f' },
      account: { type: 'string' },
    },
  });
  const template = readFileSync(values['in-file'] ?? 0, 'utf8');
  // Everything is resolved before anything is written: a missing item leaves no half a document.
  const text = template.replaceAll(references, (_, braced?: string, plain?: string) => valueOf(braced ?? plain ?? ''));
  if (values['out-file'] === undefined) process.stdout.write(text);
  else writeFileSync(values['out-file'], text, { mode: 0o600, flag: values.force ? 'w' : 'wx' });
};

const whoami = (argv: string[]): void => {
  const account = { url: 'https://example.1password.com', email: 'operator@example.com', user_uuid: 'SHIMUSER' };
  const lines = [`URL:        ${account.url}`, `Email:      ${account.email}`, `User ID:    ${account.user_uuid}`];
  process.stdout.write(argv.join(' ').includes('json') ? `${JSON.stringify(account)}\n` : `${lines.join('\n')}\n`);
};

/** Which accounts are known to this machine, signed in or not. */
const accounts = (argv: string[]): void => {
  if (argv[0] !== 'list') fail(`unknown command ${JSON.stringify(`account ${argv[0] ?? ''}`)}`);
  const account = { url: 'example.1password.com', email: 'operator@example.com', user_uuid: 'SHIMUSER' };
  process.stdout.write(argv.join(' ').includes('json') ? `${JSON.stringify([account])}\n` : `${account.url}\n`);
};

const [command, ...argv] = process.argv.slice(2);
const log = process.env['COLDSTART_SHIM_OP_LOG'];
if (log) appendFileSync(log, `${JSON.stringify({ argv: process.argv.slice(2) })}\n`);
const signedOut = process.env['COLDSTART_SHIM_OP'] === 'signed-out';

if (command === '--version' || command === '-v') process.stdout.write(`2.31.1\n${LABEL}\n`);
else if (command === 'account') accounts(argv);
else if (command !== 'inject' && command !== 'whoami') fail(`unknown command ${JSON.stringify(command ?? '')}`);
else if (signedOut) fail('account is not signed in');
else if (command === 'inject') inject(argv);
else whoami(argv);
