import { Undecodable } from '../../nodes/document.ts';
import { faultsOf } from '../../nodes/validate.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { validationError } from './apply.ts';
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
    const faults = faultsOf(bytes);
    return faults.length === 0 ? said(`${path} is valid for metal mode\n`) : failed(`${validationError(faults)}\n`);
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    if (error.how === 'empty') return failed(error.message);
    if (error.how === 'yaml') return failed(`decode error: ${error.message}`);
    return failed(`error decoding document /v1alpha1/ (line 1): ${error.message}`);
  }
}
