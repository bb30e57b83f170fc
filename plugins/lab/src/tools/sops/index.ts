import { stringify } from 'yaml';
import { documents } from '../../kubernetes/manifests/yaml.ts';
import { isFields } from '../../kubernetes/object.ts';
import type { Model } from '../../model.ts';
import { flag, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';

const TABLE = {
  decrypt: toggle('d'),
  version: toggle('v'),
  'disable-version-check': toggle(),
  'input-type': flag(),
  'output-type': flag(),
  extract: flag(),
};

/**
 * sops 3.13.3. It reads what a file says of itself; what is encrypted it cannot decrypt, so an encrypted value comes out as a
 * fixed throw-away one, and only where a key is at hand.
 */
export const sops: SimulatedTool = {
  name: 'sops',
  version: '3.13.3',
  async run(model, call) {
    const flags = parseFlags(call.argv, TABLE);
    if ('problem' in flags) return notSimulated('sops', call.argv, flags.problem);
    if (flags.on('version')) return printed('sops 3.13.3\n');
    const [first, second] = flags.words;
    if (first === 'filestatus' && second !== undefined) {
      const bytes = call.read(second);
      if (bytes === undefined) return failed(`Error: cannot operate on non-existent file "${second}"`, '', 100);
      return printed(`${JSON.stringify({ encrypted: metadataOf(bytes) !== undefined })}\n`);
    }
    const file = first === 'decrypt' ? second : flags.on('decrypt') ? first : undefined;
    if (file === undefined || flags.has('extract') || flags.has('output-type')) return notSimulated('sops', call.argv);
    await call.spend(300);
    return decrypt(model, call, file);
  },
};

type Metadata = { recipients: string[] };

function metadataOf(bytes: Uint8Array): Metadata | undefined {
  const parsed = documents(new TextDecoder().decode(bytes));
  const [whole] = 'values' in parsed ? parsed.values : [];
  const meta = isFields(whole) ? whole['sops'] : undefined;
  if (!isFields(meta)) return undefined;
  const age = Array.isArray(meta['age']) ? meta['age'] : [];
  return { recipients: age.filter(isFields).map((entry) => String(entry['recipient'])) };
}

function decrypt(model: Model, call: ToolCall, file: string): ToolResult {
  const bytes = call.read(file);
  if (bytes === undefined) return failed(`Error: cannot operate on non-existent file "${file}"`, '', 100);
  const meta = metadataOf(bytes);
  if (meta === undefined) return failed('sops metadata not found');
  if (keyAt(call) === undefined) return failed(noKey(meta), '', 128);
  const parsed = documents(new TextDecoder().decode(bytes));
  const values = 'values' in parsed ? parsed.values : [];
  const broken = findBroken(values);
  if (broken !== undefined)
    return failed(
      `Error decrypting tree: Error walking tree: Could not decrypt value: Error base64-decoding data: illegal base64 data at input byte ${broken}`,
      '',
      25,
    );
  model.assumed.add(`sops: encrypted values of ${file} are throw-away ones; whether the key fits was not tried`);
  // Keys stay in the file's own order, indented by four.
  const shown = values.map((value) => stringify(plain(model, value, file), { lineWidth: 0, indent: 4 }));
  return printed(shown.join('---\n'));
}

/** A key is at hand where the environment holds one, or names a file that is there; sops looks in the user's folder too. */
function keyAt(call: ToolCall): string | undefined {
  if (call.env['SOPS_AGE_KEY'] || call.env['SOPS_AGE_KEY_CMD']) return 'environment';
  const config = call.env['XDG_CONFIG_HOME'] ?? `${call.env['HOME'] ?? ''}/.config`;
  return [call.env['SOPS_AGE_KEY_FILE'], `${config}/sops/age/keys.txt`].find(
    (path) => path !== undefined && call.read(path) !== undefined,
  );
}

const noKey = (meta: Metadata): string =>
  [
    'Failed to get the data key required to decrypt the SOPS file.',
    '',
    'Group 0: FAILED',
    ...meta.recipients.flatMap((recipient) => [
      `  ${recipient}: FAILED`,
      '    - | failed to load age identities. Did not find keys in',
      "      | locations 'SOPS_AGE_SSH_PRIVATE_KEY_FILE',",
      "      | 'SOPS_AGE_SSH_PRIVATE_KEY_CMD',",
      "      | 'id_ed25519', 'id_rsa',",
      "      | 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', and",
      "      | 'keys.txt'.",
    ]),
    '',
    'Recovery failed because no master key was able to decrypt the file. In',
    'order for SOPS to recover the file, at least one key has to be successful,',
    'but none were.',
  ].join('\n');

const ENCRYPTED = /^ENC\[AES256_GCM,data:([^,]*),/;

function plain(model: Model, value: unknown, path: string): unknown {
  if (Array.isArray(value)) return value.map((each, index) => plain(model, each, `${path}/${index}`));
  if (isFields(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => key !== 'sops')
        .map(([key, below]) => [key, plain(model, below, `${path}/${key}`)]),
    );
  return typeof value === 'string' && ENCRYPTED.test(value) ? `lab${model.random.hex(20, 'sops', path)}0` : value;
}

/** The byte at which an encrypted value stops being base64; undefined where all are. */
function findBroken(value: unknown): number | undefined {
  if (Array.isArray(value)) return value.map(findBroken).find((found) => found !== undefined);
  if (isFields(value))
    return Object.entries(value)
      .filter(([key]) => key !== 'sops')
      .map(([, below]) => findBroken(below))
      .find((found) => found !== undefined);
  const data = typeof value === 'string' ? ENCRYPTED.exec(value)?.[1] : undefined;
  if (data === undefined) return undefined;
  const bad = data.search(/[^A-Za-z0-9+/=]/);
  if (bad >= 0) return bad;
  return data.length % 4 === 0 ? undefined : data.length - (data.length % 4);
}
