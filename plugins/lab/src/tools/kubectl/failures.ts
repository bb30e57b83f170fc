import type { Model } from '../../model.ts';
import { type Access, DIAL_TIMEOUT, dialText } from '../common/access.ts';
import { failed } from '../common/result.ts';
import type { ToolCall, ToolResult } from '../tool.ts';

type Failed = Exclude<Access, { how: 'open' }>;

/** What kubectl says when it does not get to an API server, by what it was about to ask there. */
export async function unreached(
  model: Model,
  call: ToolCall,
  access: Failed,
  about: 'discovery' | 'raw' | 'openapi',
): Promise<ToolResult> {
  if (access.how === 'no-context')
    return failed(`Error in configuration: context was not found for specified context: ${access.context}`);
  if (access.how === 'no-file') return failed(`error: stat ${access.path}: no such file or directory`);
  if (access.how === 'unreadable') return failed(`error: error loading config file "${access.path}": ${access.why}`);
  if (access.how === 'unauthorized') return failed('error: You must be logged in to the server (Unauthorized)');
  if (access.how === 'timeout') await call.spend(DIAL_TIMEOUT);
  const why = dialText(access);
  if (about === 'openapi')
    return failed(
      `error: error validating "STDIN": error validating data: failed to download openapi: Get "${access.server}/openapi/v2?timeout=32s": ${why}; ` +
        'if you choose to ignore these errors, turn validation off with --validate=false',
    );
  const last =
    access.how === 'refused'
      ? `The connection to the server ${access.address} was refused - did you specify the right host or port?`
      : `Unable to connect to the server: ${why}`;
  if (about === 'raw') return failed(last);
  const klog = (line: number): string => {
    const wall = model.clock.wall();
    const stamp = `${wall.slice(5, 7)}${wall.slice(8, 10)} ${wall.slice(11, 23)}000`;
    return `E${stamp}   ${10000 + line} memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: Get \\"${access.server}/api?timeout=32s\\": ${why}"`;
  };
  return failed([...Array.from({ length: 5 }, () => klog(1)), last].join('\n'));
}
