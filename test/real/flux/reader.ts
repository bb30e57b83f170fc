import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Done, Reader } from '@coldstart/contract';

import { run } from '../children.ts';

/** The world as a step sees it, with the real tools behind it and nothing between: for tests that call a step alone. */
export const readerOf = (root: string, env: Record<string, string>): Reader => ({
  read: (path) => readFile(join(root, path)).catch(() => undefined),
  list: (folder) => readdir(join(root, folder), { recursive: true }),
  stat: async (path) => {
    const found = await stat(join(root, path)).catch(() => undefined);
    return found && { kind: found.isDirectory() ? 'folder' : 'file', mode: found.mode & 0o777, size: found.size };
  },
  now: () => new Date().toISOString(),
  mono: () => performance.now(),
  env: (name) => env[name],
  dial: () => Promise.reject(new Error('nothing here dials')),
  tool: async (name) => ({ path: name, version: null, digest: null, simulated: false }),
  probe: async ({ tool, argv, stdin, deadline }): Promise<Done> => {
    const done = await run(tool, argv, {
      cwd: root,
      env,
      deadline,
      ...(stdin && { stdin: Buffer.from(stdin).toString('utf8') }),
    });
    return {
      exit: done.exit,
      how: done.deadline ? 'deadline' : done.signal ? 'signal' : 'exit',
      stdout: Buffer.from(done.stdout),
      stderr: done.stderr,
    };
  },
});
