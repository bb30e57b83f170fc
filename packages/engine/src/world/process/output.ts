/** The last bytes of a stream, as whole lines: a secret cut in two would not be recognised. */
export class Tail {
  readonly #most: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #dropped = false;

  constructor(most: number) {
    this.#most = most;
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= 2 * this.#most) return;
    const kept = Buffer.concat(this.#chunks).subarray(-this.#most);
    this.#chunks = [Buffer.from(kept)];
    this.#size = kept.length;
    this.#dropped = true;
  }

  text(): string {
    const all = Buffer.concat(this.#chunks);
    if (!this.#dropped && all.length <= this.#most) return all.toString('utf8');
    const kept = all.subarray(-this.#most);
    const newline = kept.indexOf(0x0a);
    // A single endless line is left out altogether.
    return `[earlier output left out]\n${newline === -1 ? '' : kept.subarray(newline + 1).toString('utf8')}`;
  }
}

/** A stream's bytes up to a bound; beyond it they are counted, not kept. */
export class Capped {
  readonly #most: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** False once the bound is exceeded. */
  add(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#size > this.#most) return false;
    this.#chunks.push(chunk);
    return true;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }
}
