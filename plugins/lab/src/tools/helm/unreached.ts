import { type Access, DIAL_TIMEOUT, dialText } from '../common/access.ts';
import type { ToolCall } from '../tool.ts';

/** Helm's words when it does not get to an API server. */
export async function unreached(call: ToolCall, access: Exclude<Access, { how: 'open' }>): Promise<string> {
  if (access.how === 'no-context') return `kubernetes cluster unreachable: context "${access.context}" does not exist`;
  if (access.how === 'no-file') return `kubernetes cluster unreachable: stat ${access.path}: no such file or directory`;
  if (access.how === 'unreadable')
    return `kubernetes cluster unreachable: error loading config file "${access.path}": ${access.why}`;
  if (access.how === 'unauthorized')
    return 'kubernetes cluster unreachable: the server has asked for the client to provide credentials';
  if (access.how === 'timeout') await call.spend(DIAL_TIMEOUT);
  return `kubernetes cluster unreachable: Get "${access.server}/version": ${dialText(access)}`;
}
