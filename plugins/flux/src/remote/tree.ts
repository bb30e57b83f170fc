import { succeeded, type Reader } from '@coldstart/contract';
import { askAgain, parseBatch, parseLsTree, whyNot } from '@coldstart/tools';

/** The files of one commit. */
export type Tree = {
  has(folder: string): boolean;
  /** Paths of its plain files, sorted as git has them. */
  paths: readonly string[];
  /** What stands in these files; a path that is no plain file there is left out. */
  read(paths: readonly string[]): Promise<Map<string, Uint8Array>>;
};
export type Opened = { is: 'tree'; tree: Tree } | { is: 'missing' } | { is: 'unknown'; why: string };

const ENV = { GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1', GIT_TERMINAL_PROMPT: '0' };
const DEADLINE = 30_000;

/** A commit's content differs from what git was asked for, or does not come out whole. */
export class Unreadable extends Error {}

/** Opens a commit out of the objects that this clone has. Nothing is fetched, and the work tree is not looked at. */
export async function openTree(world: Reader, commit: string): Promise<Opened> {
  const done = await askAgain(world, {
    tool: 'git',
    argv: ['ls-tree', '-r', '-z', '--full-tree', commit],
    env: ENV,
    deadline: DEADLINE,
  });
  if (done.how === 'exit' && /not a tree object|[Nn]ot a valid object name|bad object/.test(done.stderr))
    return { is: 'missing' };
  if (!succeeded(done)) return { is: 'unknown', why: whyNot(done) };
  const files = parseLsTree(done.stdout);
  const paths = [...files.keys()];
  return {
    is: 'tree',
    tree: {
      paths,
      has: (folder) => folder === '' || paths.some((path) => path.startsWith(`${folder}/`)),
      read: async (wanted) => {
        const oids = new Map(
          wanted.flatMap((path) => (files.has(path) ? [[path, files.get(path) ?? ''] as const] : [])),
        );
        const objects = await contents(world, [...new Set(oids.values())]);
        return new Map(
          [...oids].map(([path, oid]) => {
            const bytes = objects.get(oid);
            if (!bytes) throw new Unreadable(`git has no content of ${path} at ${commit.slice(0, 12)}`);
            return [path, bytes];
          }),
        );
      },
    },
  };
}

async function contents(world: Reader, oids: readonly string[]): Promise<Map<string, Uint8Array>> {
  if (oids.length === 0) return new Map();
  const done = await askAgain(world, {
    tool: 'git',
    argv: ['cat-file', '--batch'],
    stdin: new TextEncoder().encode(oids.map((oid) => `${oid}\n`).join('')),
    env: ENV,
    deadline: DEADLINE,
  });
  const objects = succeeded(done) ? parseBatch(done.stdout) : undefined;
  if (!objects) throw new Unreadable(`git cat-file: ${whyNot(done)}`);
  return objects;
}
