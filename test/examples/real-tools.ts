import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The environment in which real tools run: a PATH of the folder in COLDSTART_TOOLS_PATH alone, and an empty home, so
 * that neither the operator's tools nor their configuration take part.
 *
 * @throws Error where the variable is unset or a tool is missing: this lane fails, it never skips
 */
export function toolEnvironment(tools: string[], home: string): NodeJS.ProcessEnv {
  const folder = process.env['COLDSTART_TOOLS_PATH'];
  if (!folder) throw new Error('COLDSTART_TOOLS_PATH is not set: it names the folder that holds the real tools');
  const missing = tools.filter((tool) => !existsSync(join(folder, tool)));
  if (missing.length > 0) throw new Error(`not in ${folder}: ${missing.join(', ')}`);
  return { PATH: folder, HOME: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
}

/** Runs a tool to its end within a minute and gives its stdout; throws with its stderr where it fails. */
export function run(tool: string, argv: string[], env: NodeJS.ProcessEnv, cwd: string): string {
  return execFileSync(tool, argv, { cwd, env, encoding: 'utf8', timeout: 60_000, stdio: 'pipe', maxBuffer: 1 << 26 });
}
