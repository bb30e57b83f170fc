/** At most `n` at once, first come first served. */
export class Slots {
  readonly #n: number;
  readonly #waiting: (() => void)[] = [];
  #held = 0;

  constructor(n: number) {
    this.#n = Math.max(1, n);
  }

  async take(): Promise<void> {
    if (this.#held < this.#n) this.#held += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#held -= 1;
  }
}
