import { posix } from 'node:path';
import type { WorldFiles } from '../model.ts';
import * as disk from './disk.ts';

/** `room`: what the bytes stand at the beginning of, where lines were appended: a journal grows by thousands. */
type Entry = { bytes: Uint8Array; mode: number; room?: Uint8Array };
export type SavedFiles = { path: string; mode: number; bytes: string }[];

/** A lock that lies beside a file while that is written, or the lock of such a lock, which takes a dead one's place. */
export const isLockBeside = (path: string): boolean => /\.coldstart-lock(?:\.[0-9a-f]{16})*$/.test(path);

/**
 * The operator's files as a rehearsal has them: the real disk underneath, read only, and over it what the rehearsal wrote.
 * Of `.coldstart/` only `rehearsals/` is real (in memory for tests): a rehearsal neither sees nor touches the identity, locks
 * and journals of live runs; what it puts beside them stays in the world. Scratch is in memory, and not saved.
 */
export class Overlay implements WorldFiles {
  readonly #written = new Map<string, Entry>();
  readonly #removed = new Set<string>();
  readonly #state: string;
  readonly #rehearsals: string;
  readonly #scratch: string;
  readonly #real: boolean;

  /** `state`: absolute path of `.coldstart`; `scratch`: of a folder that exists in memory only. */
  constructor(at: { state: string; scratch: string; real: boolean }, saved: SavedFiles = []) {
    this.#state = at.state;
    this.#rehearsals = `${at.state}/rehearsals`;
    this.#scratch = at.scratch;
    this.#real = at.real;
    for (const { path, mode, bytes } of saved) this.#written.set(path, { mode, bytes: Buffer.from(bytes, 'base64') });
  }

  /** Whether a path is the operator's own, and not the run's state or scratch. */
  isWorld(path: string): boolean {
    return !under(path, this.#state) && !under(path, this.#scratch);
  }

  read(path: string): Uint8Array | undefined {
    const own = this.#written.get(path);
    if (own) return own.bytes;
    if (this.#hidden(path)) return undefined;
    return disk.readReal(path);
  }

  stat(path: string): disk.Stat | undefined {
    const own = this.#written.get(path);
    if (own) return { kind: 'file', mode: own.mode, size: own.bytes.length };
    for (const written of this.#written.keys())
      if (written.startsWith(`${path}/`)) return { kind: 'folder', mode: 0o755, size: 0 };
    return this.#hidden(path) ? undefined : disk.statReal(path);
  }

  list(folder: string): string[] {
    const names = new Set(disk.listReal(folder).filter((name) => !this.#hidden(posix.join(folder, name))));
    for (const written of this.#written.keys()) if (under(written, folder)) names.add(written.slice(folder.length + 1));
    return [...names].sort();
  }

  write(path: string, bytes: Uint8Array, mode: number): boolean {
    if (this.#onDisk(path)) {
      disk.writeReal(path, bytes, mode);
      return true;
    }
    if (!this.#hidden(path) && disk.statReal(path)?.kind === 'link') throw new Error(`${path} is a link`);
    const before = this.read(path);
    this.#written.set(path, { bytes: Uint8Array.from(bytes), mode });
    this.#removed.delete(path);
    return !before || Buffer.compare(before, bytes) !== 0;
  }

  /** False where there is a file already. */
  create(path: string, bytes: Uint8Array, mode: number): boolean {
    if (this.#onDisk(path)) return disk.createReal(path, bytes, mode);
    if (this.stat(path)) return false;
    this.#written.set(path, { bytes: Uint8Array.from(bytes), mode });
    this.#removed.delete(path);
    return true;
  }

  remove(path: string): void {
    if (this.#onDisk(path)) return disk.removeReal(path);
    this.#written.delete(path);
    if (disk.statReal(path)) this.#removed.add(path);
  }

  append(path: string, line: string): void {
    if (this.#onDisk(path)) return disk.appendReal(path, line);
    const before = this.read(path) ?? new Uint8Array();
    const added = Buffer.from(`${line}\n`);
    const length = before.length + added.length;
    let room = this.#written.get(path)?.room;
    if (room === undefined || room.length < length) {
      room = new Uint8Array(2 * length);
      room.set(before);
    }
    room.set(added, before.length);
    this.#written.set(path, { bytes: room.subarray(0, length), mode: 0o600, room });
    this.#removed.delete(path);
  }

  /** Forgets a folder in memory. */
  sweep(folder: string): void {
    for (const path of this.#written.keys()) if (under(path, folder)) this.#written.delete(path);
  }

  save(): SavedFiles {
    return [...this.#written]
      .filter(([path]) => !under(path, this.#rehearsals) && !under(path, this.#scratch))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, { mode, bytes }]) => ({ path, mode, bytes: Buffer.from(bytes).toString('base64') }));
  }

  #onDisk(path: string): boolean {
    return this.#real && under(path, this.#rehearsals);
  }

  /** What stands on the real disk there is not part of what this rehearsal sees. */
  #hidden(path: string): boolean {
    if (this.#removed.has(path) || under(path, this.#scratch)) return true;
    if (this.#real && (path === this.#rehearsals || under(path, this.#rehearsals))) return false;
    return path === this.#state || under(path, this.#state);
  }
}

function under(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
