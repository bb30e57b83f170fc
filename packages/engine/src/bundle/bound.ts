/** Bounds in bytes, before anything is compressed. What tells of a failure is small; a long journal is the exception. */
export type Limits = { perFile: number; inAll: number };
export const LIMITS: Limits = { perFile: 8 * 1024 * 1024, inAll: 32 * 1024 * 1024 };

export type Cut = { lines: number; bytes: number };

const NEWLINE = 0x0a;
/** Room for the line that says what is missing. */
const NOTE = 200;

/**
 * A text of lines within a bound: its beginning (a quarter) and its end, which tells how it ended; in between one line that
 * `say` makes of what was taken out. Undefined where the bound leaves no room for that.
 */
export function cutLines(
  bytes: Uint8Array,
  most: number,
  say: (cut: Cut) => string,
): { bytes: Uint8Array; cut: Cut | null } | undefined {
  if (bytes.length <= most) return { bytes, cut: null };
  const room = most - NOTE;
  if (room < NOTE) return undefined;
  const head = bytes.lastIndexOf(NEWLINE, Math.floor(room / 4) - 1) + 1;
  const tail = bytes.indexOf(NEWLINE, bytes.length - (room - Math.floor(room / 4)) - 1) + 1;
  // A line longer than the room has no border in it.
  const from = tail === 0 ? bytes.length : tail;
  const gone = bytes.subarray(head, from);
  const cut = { lines: gone.reduce((n, byte) => n + (byte === NEWLINE ? 1 : 0), 0) || 1, bytes: gone.length };
  const note = new TextEncoder().encode(`${say(cut)}\n`);
  return { bytes: new Uint8Array(Buffer.concat([bytes.subarray(0, head), note, bytes.subarray(from)])), cut };
}
