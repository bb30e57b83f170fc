import { gzipSync } from 'node:zlib';

const NAME = 100;
/** What ends a tar. The library fills up to its record size, and where that comes out even it writes none. */
const END = new Uint8Array(1024);

/**
 * A gzip'd tar of these files below one folder, private to their owner. The same files at the same moment give the same bytes.
 *
 * @param at the time of every file in it, ms since 1970
 */
export async function pack(
  folder: string,
  files: readonly { name: string; bytes: Uint8Array }[],
  at: number,
): Promise<Uint8Array> {
  const { createTar } = await import('nanotar');
  const entries = files.map(({ name, bytes }) => {
    const path = `${folder}/${name}`;
    if (path.length > NAME || !/^[\w./-]+$/.test(path)) throw new Error(`${path} is no name for a file in a bundle`);
    return { name: path, data: bytes, attrs: { mode: '600', uid: 0, gid: 0, mtime: at } };
  });
  return new Uint8Array(gzipSync(Buffer.concat([createTar(entries), END])));
}
