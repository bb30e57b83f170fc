import { execFileSync } from 'node:child_process';

/** The environment of the system's own git, with this folder as its home and nothing of the machine's configuration. */
export const gitEnv = (home: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: home,
});

/** The system's own git in `cwd`, as a made-up person: what it printed. Throws where it fails. */
export const gitAt =
  (home: () => string) =>
  (cwd: string, ...argv: string[]): string =>
    execFileSync('git', [...WHO, ...argv], { cwd, env: gitEnv(home()), stdio: 'pipe', timeout: 120_000 })
      .toString()
      .trim();

const WHO = ['-c', 'user.name=op', '-c', 'user.email=op@example.com', '-c', 'commit.gpgsign=false'];
