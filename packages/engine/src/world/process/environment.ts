import { delimiter, isAbsolute } from 'node:path';
import { isBelow } from '../files/paths.ts';

const names = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'LC_*', 'TZ', 'TMPDIR', 'XDG_*', 'SSL_CERT_*'];
const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment of a child: the few variables that every tool needs, those that this tool's declaration names (a
 * trailing `*` stands for any ending), and those of the call.
 */
export function environmentFor(
  operator: Env,
  root: string,
  tool: readonly string[],
  call: Env,
): Record<string, string> {
  const allowed = [...names, ...proxies, ...tool];
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(operator)) {
    const fits = allowed.some((pattern) =>
      pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
    );
    if (fits && value !== undefined) env[name] = value;
  }
  for (const [name, value] of Object.entries(call)) if (value !== undefined) env[name] = value;
  env['PATH'] = searchPath(env['PATH'], root).join(delimiter);
  return env;
}

/** The folders of a PATH that may hold tools: a relative one, or one inside the repository, would run what is checked in there. */
export function searchPath(path: string | undefined, root: string): string[] {
  return (path ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && !isBelow(folder, root));
}
