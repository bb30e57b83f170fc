import { Buffer } from 'node:buffer';
import type { Model } from '../../model.ts';
import { flag, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';

const TABLE = {
  'in-file': flag('i'),
  'out-file': flag('o'),
  account: flag(),
  format: flag(),
  force: toggle('f'),
  'no-newline': toggle('n'),
  'iso-timestamps': toggle(),
  version: toggle('v'),
};

/**
 * 1Password's command line 2.x: every secret reference has a fixed throw-away value, made from the world's seed and the
 * reference. Signed in unless the environment says that it is not.
 */
export const op: SimulatedTool = {
  name: 'op',
  version: '2.32.0',
  async run(model, call) {
    const flags = parseFlags(call.argv, TABLE);
    if ('problem' in flags) return notSimulated('op', call.argv, flags.problem);
    const [command, below] = flags.words;
    if (command === undefined && flags.on('version')) return printed('2.32.0\n');
    await call.spend(600);
    if (command === 'account' && below === 'list' && flags.value('format') === 'json')
      return printed(
        `${JSON.stringify([{ url: 'my.1password.example', email: 'operator@example.com', user_uuid: 'LAB', account_uuid: 'LAB' }])}\n`,
      );
    const out = signedOut(model, call);
    if (out !== undefined) return out;
    if (command === 'whoami') {
      if (flags.value('format') === 'json')
        return printed(
          `${JSON.stringify({ url: 'https://my.1password.example', user_uuid: 'LAB', account_uuid: 'LAB', user_type: 'HUMAN' })}\n`,
        );
      return printed('URL:            https://my.1password.example\nUser ID:        LAB\nUser Type:      HUMAN\n');
    }
    if (command === 'read' && below !== undefined)
      return printed(`${secretOf(model, below)}${flags.on('no-newline') ? '' : '\n'}`);
    if (command !== 'inject' || flags.has('out-file')) return notSimulated('op', call.argv);
    const file = flags.value('in-file');
    const bytes = file === undefined ? call.stdin : call.read(file);
    if (bytes === null || bytes === undefined) {
      const why =
        file === undefined ? 'expected data on stdin but none found' : `open ${file}: no such file or directory`;
      return failed(`[ERROR] ${stamp(model)} ${why}`);
    }
    return inject(model, new TextDecoder().decode(bytes));
  },
};

/** The lab's operator is signed in; `OP_SESSION=none` or an empty service token plays one who is not. */
function signedOut(model: Model, call: ToolCall): ToolResult | undefined {
  const none = call.env['OP_SESSION'] === 'none' || call.env['OP_SERVICE_ACCOUNT_TOKEN'] === '';
  return none ? failed(`[ERROR] ${stamp(model)} account is not signed in`) : undefined;
}

const stamp = (model: Model): string => model.clock.wall().slice(0, 19).replaceAll('-', '/').replace('T', ' ');

/** References stand in `{{ }}`, or bare: `op://vault/item/[section/]field`, up to a quote, a space or a bracket. */
const REFERENCE = /\{\{\s*(op:\/\/[^}]+?)\s*\}\}|(op:\/\/[\w\-./]+)/g;

function inject(model: Model, template: string): ToolResult {
  let problem: string | undefined;
  const text = template.replace(REFERENCE, (_all, enclosed: string | undefined, bare: string | undefined) => {
    const reference = (enclosed ?? bare ?? '').replaceAll('"', '').trim();
    if (
      reference
        .slice(5)
        .split('/')
        .filter((part) => part !== '').length < 3
    )
      problem ??= reference;
    return secretOf(model, reference);
  });
  if (problem !== undefined)
    return failed(
      `[ERROR] ${stamp(model)} invalid secret reference '${problem}': a secret reference must consist of vault, item and field`,
    );
  return printed(text);
}

/**
 * A throw-away value that says what it is. Base64 where the field's name asks for it; any other value is made of letters and
 * digits that are valid base64 too, since templates put values under `data:` as well.
 */
export function secretOf(model: Model, reference: string): string {
  const value = `lab${model.random.hex(20, 'op', reference)}0`;
  return /(?:_b64|base64|b64)$/i.test(reference) ? Buffer.from(`throw-away ${value}\n`).toString('base64') : value;
}
