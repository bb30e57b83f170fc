import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { refsOf } from '../../kubernetes/remote.ts';
import type { Model } from '../../model.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';

/** `git hash-object -w --stdin` into a store of its own. */
export function hashObject(model: Model, call: ToolCall, args: string[]): ToolResult {
  if (args.join(' ') !== '-w --stdin') return notSimulated('git', call.argv);
  const bytes = call.stdin ?? new Uint8Array();
  const id = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  put(model, call, id, bytes);
  return printed(`${id}\n`);
}

/** `git cat-file blob ID` out of a store of its own. */
export function catBlob(model: Model, call: ToolCall, [id = '']: string[]): ToolResult {
  const bytes = get(model, call, id);
  return bytes ? { exit: 0, stdout: bytes, stderr: '' } : failed(`fatal: git cat-file ${id}: bad file`, '', 128);
}

/** Brings the blob that a ref of the remote stands at into a store of its own, and nothing else. */
export function fetchRef(model: Model, call: ToolCall, args: string[], url: string): ToolResult {
  const [, ref = '', ...more] = plain(args);
  if (more.length > 0 || !args.includes('--no-write-fetch-head') || !args.includes('--quiet'))
    return notSimulated('git', call.argv);
  const found = refsOf(model, url).get(ref);
  if (!found) return failed(`fatal: couldn't find remote ref ${ref}`, '', 128);
  put(model, call, found.id, new TextEncoder().encode(found.text));
  return printed('');
}

/** Moves one ref of the remote where it still stands at what the lease says; what it says is that of `--porcelain`. */
export function push(model: Model, call: ToolCall, args: string[], url: string): ToolResult {
  const [, spec = '', ...more] = plain(args);
  const [source = '', ref = ''] = spec.split(':');
  const lease = /^--force-with-lease=([^:]+):(|[0-9a-f]{40})$/.exec(
    args.find((arg) => arg.startsWith('--force')) ?? '',
  );
  if (
    !lease ||
    lease[1] !== ref ||
    more.length > 0 ||
    !args.includes('--porcelain') ||
    !ref.startsWith('refs/coldstart/')
  )
    return notSimulated('git', call.argv);
  call.target(ref);
  const refs = refsOf(model, url);
  const before = refs.get(ref)?.id ?? '';
  const told = (line: string): string => `To ${shown(url)}\n${line}\nDone\n`;
  const bytes = source === '' ? undefined : get(model, call, source);
  const refused = `error: failed to push some refs to '${shown(url)}'`;
  if (source !== '' && !bytes) return notSimulated('git', call.argv, 'an object that is not in the store is pushed');
  if (source === before && source !== '') return printed(told(`=\t${spec}\t[up to date]`));
  if (before !== lease[2])
    return failed(refused, told(`!\t${source === '' ? `(delete)${spec}` : spec}\t[rejected] (stale info)`));
  if (!bytes) {
    const answer = printed(told(`-\t:${ref}\t[deleted]`));
    return refs.delete(ref) ? answer : { ...answer, stderr: 'remote: warning: deleting a non-existent ref        \n' };
  }
  refs.set(ref, { id: source, text: new TextDecoder().decode(bytes) });
  return printed(
    told(
      before === ''
        ? `*\t${spec}\t[new reference]`
        : `+\t${spec}\t${before.slice(0, 7)}...${source.slice(0, 7)} (forced update)`,
    ),
  );
}

/** The lines that `git ls-remote` has for refs beside branches and tags. */
export function refLines(model: Model, url: string, patterns: readonly string[]): string[] {
  return [...refsOf(model, url)]
    .filter(([ref]) => patterns.length === 0 || patterns.some((pattern) => `/${ref}`.endsWith(`/${pattern}`)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([ref, { id }]) => `${id}\t${ref}\n`);
}

const plain = (args: readonly string[]): string[] => args.filter((arg) => !arg.startsWith('-'));
/** git leaves the user out where it names a remote. */
const shown = (url: string): string => url.replace(/^([a-z+]+:\/\/)[^/@]*@/, '$1').replace(/^[^/:@]+@(?=[^:]+:)/, '');

/** Where git keeps a loose object. Only a store that the caller names is written to. */
function placeOf(call: ToolCall, id: string): string {
  const store = call.env['GIT_OBJECT_DIRECTORY'];
  if (store === undefined) return notSimulated('git', call.argv, "objects in the repository's own store");
  return posix.join(call.path(store), id.slice(0, 2), id.slice(2));
}

function put(model: Model, call: ToolCall, id: string, bytes: Uint8Array): void {
  model.files.write(
    placeOf(call, id),
    deflateSync(Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes])),
    0o444,
  );
}

function get(model: Model, call: ToolCall, id: string): Uint8Array | undefined {
  const stored = model.files.read(placeOf(call, id));
  const object = stored && inflateSync(stored);
  return object && new Uint8Array(object.subarray(object.indexOf(0) + 1));
}
