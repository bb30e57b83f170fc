import type { Span } from './span.ts';

/** Shorter values would mask half of every text. */
const SHORTEST = 6;

/** Values that were registered as secret, found in any text in one pass. */
export class KnownValues {
  /** Values by their first characters, longest first, so that a pass over a text looks each place up once. */
  readonly #byPrefix = new Map<string, string[]>();
  /** Which pairs of characters a value begins with, a byte each; most places of a text are told apart by that. */
  readonly #beginnings = new Uint8Array(1 << 16);

  /** Each line of at least 6 characters, the whole, and the forms in which they travel: base64, JSON string, URL. */
  register(value: string): void {
    const whole = value.trim();
    const lines = whole.split(/\r?\n/).map((line) => line.trim());
    for (const line of new Set([whole, ...lines])) {
      if (line.length < SHORTEST || /^-----(?:BEGIN|END) [A-Z0-9 ]+-----$/.test(line)) continue;
      for (const form of forms(line)) this.#add(form);
    }
    // A file is encoded with its last newline.
    if (value !== whole && whole.length >= SHORTEST) this.#add(Buffer.from(value).toString('base64'));
  }

  #add(value: string): void {
    if (value.length < SHORTEST) return;
    const prefix = value.slice(0, SHORTEST);
    this.#beginnings[pair(value, 0)] = 1;
    const same = this.#byPrefix.get(prefix);
    if (!same) this.#byPrefix.set(prefix, [value]);
    else if (!same.includes(value)) same.splice(same.findIndex((other) => other.length < value.length) >>> 0, 0, value);
  }

  find(text: string): Span[] {
    const spans: Span[] = [];
    if (this.#byPrefix.size === 0) return spans;
    for (let i = 0; i + SHORTEST <= text.length; i++) {
      if (this.#beginnings[pair(text, i)] === 0) continue;
      const candidates = this.#byPrefix.get(text.slice(i, i + SHORTEST));
      const hit = candidates?.find((value) => text.startsWith(value, i));
      if (hit === undefined) continue;
      spans.push({ start: i, end: i + hit.length, rule: 'known value' });
      // Only one step on: another known value may overlap with this one.
    }
    return spans;
  }
}

const pair = (text: string, at: number): number => ((text.charCodeAt(at) << 8) ^ text.charCodeAt(at + 1)) & 0xffff;

function forms(value: string): Set<string> {
  const out = new Set([value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())]);
  const bytes = Buffer.from(value);
  // Inside a longer text the encoding depends on the offset modulo 3; what surely belongs to the value is the middle.
  for (let before = 0; before < 3; before++) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const from = before === 0 ? 0 : before + 1;
    const to = Math.floor(((before + bytes.length) * 8) / 6);
    const core = encoded.slice(from, to);
    if (core.length < SHORTEST + 1) continue;
    out.add(core).add(core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  out.add(bytes.toString('base64')).add(bytes.toString('base64url'));
  return out;
}
