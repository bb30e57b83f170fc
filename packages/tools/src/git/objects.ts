/** The plain files of a commit: object id by path. Links and submodules are left out, as nothing is read through them. */
export function parseLsTree(stdout: Uint8Array): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of new TextDecoder().decode(stdout).split('\0')) {
    const [, kind, oid, path] = /^100\d{3} (blob) ([0-9a-f]{40}|[0-9a-f]{64})\t([\s\S]+)$/.exec(entry) ?? [];
    if (kind !== undefined && oid !== undefined && path !== undefined) files.set(path, oid);
  }
  return files;
}

const LINE = 0x0a;

/**
 * The contents that `git cat-file --batch` printed, by object id. Undefined where the text is not whole or not that of the
 * command: a part of an answer is no answer.
 */
export function parseBatch(stdout: Uint8Array): Map<string, Uint8Array> | undefined {
  const objects = new Map<string, Uint8Array>();
  for (let at = 0; at < stdout.length;) {
    const end = stdout.indexOf(LINE, at);
    if (end < 0) return undefined;
    const head = new TextDecoder().decode(stdout.subarray(at, end));
    at = end + 1;
    if (head.endsWith(' missing')) continue;
    const [, oid, size] = /^([0-9a-f]{40}|[0-9a-f]{64}) blob (\d+)$/.exec(head) ?? [];
    if (oid === undefined) return undefined;
    const next = at + Number(size);
    if (stdout[next] !== LINE) return undefined;
    objects.set(oid, stdout.subarray(at, next));
    at = next + 1;
  }
  return objects;
}
