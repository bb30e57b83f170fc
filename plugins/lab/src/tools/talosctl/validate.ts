import { Undecodable } from '../../nodes/machine-config/document.ts';
import { judged } from '../../nodes/machine-config/validate.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import type { Flags } from './flags.ts';
import { failed, said } from './say.ts';

const MODES = ['metal', 'cloud', 'container'];

/** `talosctl validate`: offline, on the file's own bytes. */
export function validate(call: ToolCall, flags: Flags): ToolResult {
  const mode = flags.one('mode');
  if (mode === undefined) return failed('required flag(s) "mode" not set');
  if (!MODES.includes(mode)) return failed(`unknown runtime mode: ${JSON.stringify(mode)}`);
  if (mode !== 'metal') notSimulated('talosctl', call.argv, `mode ${mode}`);
  const path = flags.one('config') ?? '';
  const bytes = call.read(path);
  if (!bytes) return failed(`open ${path}: no such file or directory`);
  try {
    const { warnings, error } = judged(bytes, flags.has('strict'));
    const warned = warnings.map((warning) => `WARNING: ${warning}\n`).join('');
    return error === null ? said(`${path} is valid for metal mode\n`, warned) : failed(`${warned}${error}\n`);
  } catch (error) {
    if (error instanceof Undecodable) return failed(`${error.at}${error.message}\n`);
    throw error;
  }
}
