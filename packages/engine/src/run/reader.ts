import type { Reader, World } from '@coldstart/contract';

/** The read-only half of a world, and nothing else: what steps get to look with. */
export function readerOf(world: World): Reader {
  return {
    now: () => world.now(),
    mono: () => world.mono(),
    probe: (probe) => world.probe(probe),
    tool: (name) => world.tool(name),
    dial: (host, port, deadline) => world.dial(host, port, deadline),
    env: (name) => world.env(name),
    read: (path, max) => world.read(path, max),
    list: (folder) => world.list(folder),
    stat: (path) => world.stat(path),
  };
}
