import type { Model } from '../../model.ts';
import { type Access, access } from '../common/access.ts';
import type { Flags } from '../common/flags.ts';
import type { ToolCall, ToolResult } from '../tool.ts';

/** One command of kubectl; the words are those after its name. */
export type Command = (model: Model, call: ToolCall, flags: Flags) => Promise<ToolResult>;

export const reach = (model: Model, call: ToolCall, flags: Flags): Access =>
  access(model, call, 'kubectl', {
    kubeconfig: flags.value('kubeconfig'),
    context: flags.value('context'),
    server: flags.value('server'),
  });
