import type { Child, Done, Exec, FoundTool, Probe, World } from '@coldstart/contract';

type Call = Parameters<World['spawn']>[0];
type Answer = Partial<Pick<Done, 'exit' | 'stdout' | 'stderr' | 'how'>> & { ms?: number };

/** A world in memory and virtual time: a few lines, so that the engine is tested without the lab. */
export class FakeWorld implements World {
  mode: World['mode'] = 'rehearsal';
  readonly files = new Map<string, Uint8Array>();
  /** What was spawned, in order, with the journal as it was on disk at that moment. */
  readonly spawned: { at: number; words: string[]; stdin: string | undefined; journal: string }[] = [];
  readonly writes: string[] = [];
  readonly living = new Set<number>();
  answer: (call: Call) => Answer = () => ({});
  journalPath = '';
  #now = 0;
  #pid = 100;
  #timers: { at: number; wake: () => void }[] = [];
  #pumping = false;

  mono(): number {
    return this.#now;
  }
  now(): string {
    return new Date(Date.UTC(2026, 0, 1) + this.#now).toISOString();
  }
  random(): number {
    return 0.5;
  }
  host(): { user: string; host: string; pid: number; started: string; boot: string } {
    return { user: 'op', host: 'desk', pid: 1, started: '1', boot: 'b' };
  }
  env(): undefined {
    return undefined;
  }
  sleep(ms: number, stop?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = { at: this.#now + ms, wake: resolve };
      this.#timers.push(timer);
      stop?.addEventListener('abort', () => resolve(), { once: true });
      this.#pump();
    });
  }
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const next = this.#timers.sort((a, b) => a.at - b.at).shift();
      if (!next) return;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      if (this.#timers.length > 0) this.#pump();
    });
  }
  async spawn(
    call: Call,
    _rule: Exec['stop'],
    spawned: (child: Child) => Promise<void>,
    stop: AbortSignal,
  ): Promise<Done> {
    const stdin = call.stdin && new TextDecoder().decode(call.stdin);
    const journal = [...this.files]
      .filter(([path]) => path.endsWith('journal.jsonl'))
      .map(([, b]) => new TextDecoder().decode(b))
      .join('');
    this.spawned.push({ at: this.#now, words: [call.tool, ...call.argv], stdin, journal });
    const { ms = 100, ...done } = this.answer(call);
    await spawned({ pid: this.#pid++, started: 'then' });
    await this.sleep(ms, stop);
    const stopped: Partial<Done> = stop.aborted ? { exit: null, how: 'stopped' } : {};
    return { exit: 0, how: 'exit', stdout: new Uint8Array(), stderr: '', ...done, ...stopped };
  }
  async probe(_probe: Probe): Promise<Done> {
    throw new Error('no probes here');
  }
  async tool(): Promise<FoundTool | undefined> {
    return undefined;
  }
  async dial(): Promise<'open'> {
    return 'open';
  }
  async alive(child: Child): Promise<boolean> {
    return this.living.has(child.pid);
  }
  async end(child: Child): Promise<boolean> {
    return this.living.delete(child.pid);
  }
  async scratch(name: string, bytes: Uint8Array): Promise<string> {
    this.files.set(`/scratch/${name}`, bytes);
    return `/scratch/${name}`;
  }
  async read(path: string): Promise<Uint8Array | undefined> {
    return this.files.get(path);
  }
  async list(folder: string): Promise<string[]> {
    return [...this.files.keys()]
      .filter((p) => p.startsWith(`${folder}/`))
      .map((p) => p.slice(folder.length + 1))
      .sort();
  }
  async stat(): ReturnType<World['stat']> {
    return undefined;
  }
  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.writes.push(path);
    this.files.set(path, bytes);
  }
  async create(path: string, bytes: Uint8Array): Promise<boolean> {
    if (this.files.has(path)) return false;
    this.files.set(path, bytes);
    return true;
  }
  async remove(path: string): Promise<void> {
    this.files.delete(path);
  }
  async append(path: string, line: string): Promise<void> {
    const before = this.files.get(path);
    this.files.set(path, new TextEncoder().encode(`${before ? new TextDecoder().decode(before) : ''}${line}\n`));
  }
  async close(): Promise<void> {}
}
