/** What is due at a moment of virtual time. Equal moments keep the order in which they were asked for. */
export type Due<T> = { at: number; id: number; what: T };

/** A binary heap by time, then by number. */
export class Queue<T> {
  #heap: Due<T>[] = [];
  #gone = new Set<number>();

  push(due: Due<T>): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (before(heap[parent]!, due)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  cancel(id: number): void {
    this.#gone.add(id);
  }

  pop(): Due<T> | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (!first) {
        this.#gone.clear();
        return undefined;
      }
      this.#removeFirst();
      if (!this.#gone.delete(first.id)) return first;
    }
  }

  /** What is still due, in its order. */
  list(): Due<T>[] {
    return this.#heap.filter((due) => !this.#gone.has(due.id)).sort((a, b) => (before(a, b) ? -1 : 1));
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (before(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Due<unknown>, b: Due<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}
