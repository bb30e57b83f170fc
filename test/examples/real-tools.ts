import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The real tools by name, as the real lane builds them. */
type Toolchain = Record<string, { path: string }>;

/**
 * The environment in which real tools run: a PATH of nothing but the folder in COLDSTART_TOOLS_PATH, or of the
 * toolchain where that is not set, and an empty home, so that neither the operator's tools nor their configuration
 * take part.
 *
 * @throws Error where there are no tools or one of them is missing: this lane fails, it never skips
 */
export function toolEnvironment(tools: string[], home: string, toolchain: Toolchain | undefined): NodeJS.ProcessEnv {
  const named = process.env['COLDSTART_TOOLS_PATH'];
  const folders = named ? [named] : Object.values(toolchain ?? {}).map((tool) => dirname(tool.path));
  if (folders.length === 0) throw new Error('COLDSTART_TOOLS_PATH is not set, and no toolchain was built');
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length > 0) throw new Error(`not in ${folders.join(', ')}: ${missing.join(', ')}`);
  return {
    PATH: folders.join(delimiter),
    HOME: home,
    XDG_CACHE_HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_DATA_HOME: home,
    HELMFILE_UPGRADE_NOTICE_DISABLED: 'true',
  };
}

/** Runs a tool to its end within a minute and gives its stdout; throws with its stderr where it fails. */
export function run(tool: string, argv: string[], env: NodeJS.ProcessEnv, cwd: string): string {
  return execFileSync(tool, argv, { cwd, env, encoding: 'utf8', timeout: 60_000, stdio: 'pipe', maxBuffer: 1 << 26 });
}
