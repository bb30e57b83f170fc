import { type Access, DIAL_TIMEOUT, dialText } from '../common/access.ts';
import { failed } from '../common/result.ts';
import type { ToolCall, ToolResult } from '../tool.ts';

/** flux' words when it does not get to an API server; `check` goes on through its sections. */
export async function unreached(
  call: ToolCall,
  access: Exclude<Access, { how: 'open' }>,
  checking: boolean,
): Promise<ToolResult> {
  if (access.how === 'timeout') await call.spend(DIAL_TIMEOUT);
  const config =
    access.how === 'no-context'
      ? `context "${access.context}" does not exist`
      : access.how === 'no-file'
        ? `stat ${access.path}: no such file or directory`
        : access.how === 'unreadable'
          ? `error loading config file "${access.path}": ${access.why}`
          : access.how === 'unauthorized'
            ? 'the server has asked for the client to provide credentials'
            : undefined;
  const get = (path: string): string =>
    config ?? ('server' in access ? `Get "${access.server}${path}": ${dialText(access)}` : '');
  if (!checking)
    return failed(
      `✗ ${config === undefined ? `failed to get server groups: ${get('/api')}` : `kubernetes configuration load failed: ${config}`}`,
    );
  if (config !== undefined)
    return failed(
      `► checking prerequisites\n✗ Kubernetes client initialization failed: kubernetes configuration load failed: ${config}`,
    );
  return failed(
    [
      '► checking prerequisites',
      `✗ Kubernetes API call failed: ${get('/version')}`,
      '► checking version in cluster',
      `✗ checking failed: failed to get server groups: ${get('/api')}`,
      '► checking controllers',
      '► checking crds',
      '✗ check failed',
    ].join('\n'),
  );
}
