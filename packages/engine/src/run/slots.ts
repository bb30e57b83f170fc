type Waiting = { index: number; go: () => void };

/**
 * At most `n` act at once, in the items' order: a free slot goes to the first that wants one, and nobody gets one while an
 * earlier item has not yet looked and made up its mind (C3).
 */
export class Slots {
  readonly #n: number;
  /** Items that have not said yet whether they want a slot. */
  readonly #undecided: Set<number>;
  #waiting: Waiting[] = [];
  #held = 0;

  /** `undecided`: the indices of the items that will say, by `take` or `pass`. */
  constructor(n: number, undecided: Iterable<number> = []) {
    this.#n = Math.max(1, n);
    this.#undecided = new Set(undecided);
  }

  take(index: number): Promise<void> {
    return new Promise((go) => {
      this.#waiting.push({ index, go });
      this.#waiting.sort((a, b) => a.index - b.index);
      this.pass(index);
    });
  }

  /** The item has looked, and does not stand in the way of later ones. */
  pass(index: number): void {
    this.#undecided.delete(index);
    this.#grant();
  }

  give(): void {
    this.#held -= 1;
    this.#grant();
  }

  #grant(): void {
    for (;;) {
      const first = this.#waiting[0];
      if (!first || this.#held >= this.#n) return;
      for (const index of this.#undecided) if (index < first.index) return;
      this.#waiting.shift();
      this.#held += 1;
      first.go();
    }
  }
}
