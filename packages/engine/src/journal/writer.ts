import { hash } from 'node:crypto';
import type { Event, JournalRecord, World } from '@coldstart/contract';

export type Journal = {
  readonly path: string;
  /** Redacts the event, chains it, and answers once it is on disk. Records keep the order of the calls. */
  write(event: Event): Promise<void>;
  /** The raw bytes so far. */
  bytes(): Uint8Array;
};

export const sha256 = (bytes: Uint8Array | string): string => hash('sha256', bytes);

/**
 * Opens a run's journal: JSON lines, append-only, each line with `prev` = SHA-256 of the line before it.
 * `mask` takes secrets out before a byte reaches the disk; `on` sees each record after it is on disk.
 */
export function openJournal(
  world: World,
  path: string,
  options: { mask: (event: Event) => Event; on?: (record: JournalRecord) => void },
): Journal {
  const lines: string[] = [];
  const began = world.mono();
  let prev = sha256('');
  let tail: Promise<void> = Promise.resolve();
  const write = async (event: Event): Promise<void> => {
    const record = {
      seq: lines.length,
      at: world.now(),
      mono: Math.max(0, Math.round(world.mono() - began)),
      prev,
      ...options.mask(event),
    } as JournalRecord;
    const line = JSON.stringify(record);
    await world.append(path, line);
    prev = sha256(line);
    lines.push(line);
    options.on?.(record);
  };
  return {
    path,
    write(event) {
      // One failed append (a full disk) fails this write and every later one: a journal has no gaps.
      tail = tail.then(() => write(event));
      const result = tail;
      result.catch(() => {});
      return result;
    },
    bytes: () => new TextEncoder().encode(lines.map((l) => `${l}\n`).join('')),
  };
}
