import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { filesBehind } from '../../kubernetes/remote.ts';
import type { Model } from '../../model.ts';
import { failed } from '../common/result.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { ignored } from './ignore.ts';

type Content = ReadonlyMap<string, Uint8Array>;
/** What the operator's commit holds. It is taken once in the life of a world: a commit does not change with the work tree. */
const committed = new WeakMap<Model, Content>();
/** Every blob that was listed, by its object id. */
const blobs = new WeakMap<Model, Map<string, Uint8Array>>();

function contentOf(model: Model, call: ToolCall, top: string): Content {
  const before = committed.get(model);
  if (before) return before;
  const rules = new Map<string, Uint8Array | undefined>();
  const read = (path: string): Uint8Array | undefined => {
    if (!rules.has(path)) rules.set(path, call.read(path));
    return rules.get(path);
  };
  const content = new Map<string, Uint8Array>();
  for (const path of model.files.list(top)) {
    if (/^\.(?:git|coldstart)\//.test(path) || ignored({ read }, top, path)) continue;
    const bytes = call.read(posix.join(top, path));
    if (bytes) content.set(path, bytes);
  }
  committed.set(model, content);
  return content;
}

const oids = new WeakMap<Uint8Array, string>();

/** Object ids are git's own: SHA-1 of a blob's header and its bytes. */
function oidOf(bytes: Uint8Array): string {
  const oid = oids.get(bytes) ?? createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  oids.set(bytes, oid);
  return oid;
}

/** `git ls-tree -r -z --full-tree COMMIT` */
export function lsTree(
  model: Model,
  call: ToolCall,
  top: string,
  args: string[],
  known: { head: string; remote: string },
): ToolResult {
  const [commit, ...more] = args.filter((arg) => !arg.startsWith('-'));
  const flags = args.filter((arg) => arg.startsWith('-')).sort();
  if (commit === undefined || more.length > 0 || flags.join(' ') !== '--full-tree -r -z')
    return notSimulated('git', call.argv);
  if (commit !== known.head && commit !== known.remote)
    return failed(
      /^[0-9a-f]{40}$/.test(commit) ? 'fatal: not a tree object' : `fatal: Not a valid object name ${commit}`,
      '',
      128,
    );
  const whole = contentOf(model, call, top);
  const content = commit === known.head ? whole : filesBehind(model, whole);
  const kept = blobs.get(model) ?? new Map<string, Uint8Array>();
  blobs.set(model, kept);
  const sorted = [...content].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return {
    exit: 0,
    stdout: sorted
      .map(([path, bytes]) => {
        const oid = oidOf(bytes);
        kept.set(oid, bytes);
        return `100644 blob ${oid}\t${path}\0`;
      })
      .join(''),
    stderr: '',
  };
}

/** `git cat-file --batch` with object ids on stdin. */
export function catFile(model: Model, call: ToolCall, top: string, args: string[]): ToolResult {
  if (args.join(' ') !== '--batch') return notSimulated('git', call.argv);
  const asked = new TextDecoder()
    .decode(call.stdin ?? new Uint8Array())
    .split('\n')
    .slice(0, -1);
  const known = new Map([
    ...[...contentOf(model, call, top).values()].map((bytes) => [oidOf(bytes), bytes] as const),
    ...(blobs.get(model) ?? []),
  ]);
  const parts = asked.flatMap((oid) => {
    const bytes = known.get(oid);
    return bytes
      ? [Buffer.from(`${oid} blob ${bytes.length}\n`), bytes, Buffer.from('\n')]
      : [Buffer.from(`${oid} missing\n`)];
  });
  return { exit: 0, stdout: new Uint8Array(Buffer.concat(parts)), stderr: '' };
}
