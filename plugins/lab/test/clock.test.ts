import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../src/clock/clock.ts';
import { drawing } from '../src/clock/durations.ts';
import { Queue } from '../src/clock/queue.ts';
import { seeded } from '../src/clock/random.ts';
import { LabBug } from '../src/index.ts';

const alive = new AbortController().signal;
const sleep = (clock: VirtualClock, ms: number): Promise<void> =>
  clock.call(`sleep ${ms}`, () => clock.sleep(ms), alive);

describe('virtual time', () => {
  test('goes to the next thing that is due, not through the time between', async () => {
    const clock = new VirtualClock();
    const began = performance.now();
    await sleep(clock, 24 * 3_600_000);
    expect(clock.now).toBe(24 * 3_600_000);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(clock.wall()).toBe('2027-01-05T08:00:00.000Z');
  });

  test('serves several callers in the order of their times, and equal times in the order of asking', async () => {
    const clock = new VirtualClock();
    const order: string[] = [];
    const at = async (name: string, ms: number): Promise<void> => {
      await sleep(clock, ms);
      order.push(`${name}@${clock.now}`);
    };
    await Promise.all([at('late', 30), at('first', 10), at('second', 10), at('early', 5)]);
    expect(order).toEqual(['early@5', 'first@10', 'second@10', 'late@30']);
  });

  test('does not pass while somebody can go on: not during microtasks, not during a real file request', async () => {
    const clock = new VirtualClock();
    clock.on('world/ticks', () => {});
    clock.in(1, 'world/ticks', null);
    const other = sleep(clock, 1000);
    for (let turn = 0; turn < 50; turn++) await readFile(fileURLToPath(import.meta.url));
    expect(clock.now).toBe(0);
    await other;
    expect(clock.now).toBe(1000);
  });

  test('stands still while nobody waits', async () => {
    const clock = new VirtualClock();
    let happened = 0;
    clock.on('world/event', () => void happened++);
    clock.in(10, 'world/event', null);
    await new Promise((resolve) => setImmediate(resolve));
    expect([clock.now, happened]).toEqual([0, 0]);
    await sleep(clock, 10);
    expect([clock.now, happened]).toEqual([10, 1]);
  });

  test('events that are taken back do not happen, here and in a world that was saved', async () => {
    const clock = new VirtualClock();
    const happened: unknown[] = [];
    for (const kind of ['node/one', 'node/two']) clock.on(kind, (data: unknown) => void happened.push([kind, data]));
    clock.in(10, 'node/one', 'a');
    clock.in(20, 'node/one', 'b');
    clock.in(30, 'node/two', 'a');
    clock.drop((kind, data) => kind === 'node/one' && data === 'a');
    expect(clock.save().events.map(({ event, data }) => [event, data])).toEqual([
      ['node/one', 'b'],
      ['node/two', 'a'],
    ]);
    await sleep(clock, 40);
    expect(happened).toEqual([
      ['node/one', 'b'],
      ['node/two', 'a'],
    ]);
  });

  test('a sleep ends early and without an error when it is stopped', async () => {
    const clock = new VirtualClock();
    const stop = new AbortController();
    const long = clock.call('long', () => clock.sleep(60_000, stop.signal), alive);
    void sleep(clock, 5).then(() => stop.abort());
    await long;
    expect(clock.now).toBe(5);
    await clock.call('stopped before', () => clock.sleep(60_000, stop.signal), alive);
    expect(clock.now).toBe(5);
  });

  test('somebody who would wait for ever is told, by name, and the clock can be used again', async () => {
    const clock = new VirtualClock();
    const stuck = clock.call('the call that nobody answers', () => new Promise<void>(() => {}), alive);
    const beside = sleep(clock, 100);
    await beside;
    await expect(stuck).rejects.toThrow(LabBug);
    await expect(stuck).rejects.toThrow('the call that nobody answers would wait for ever');
    await sleep(clock, 1);
    expect(clock.now).toBe(101);
  });

  test('events that go on for ever do not hide a caller who waits for nothing', async () => {
    const clock = new VirtualClock();
    clock.on('world/again', () => void clock.in(24 * 3_600_000, 'world/again', null));
    clock.in(0, 'world/again', null);
    await expect(clock.call('stuck', () => new Promise<void>(() => {}), alive)).rejects.toThrow(
      'still waits after 400 days',
    );
  });

  test('an event whose handler fails tells everybody who waits', async () => {
    const clock = new VirtualClock();
    clock.on('world/breaks', () => {
      throw new LabBug('broken');
    });
    clock.in(5, 'world/breaks', null);
    await expect(sleep(clock, 10)).rejects.toThrow('broken');
  });

  test('the abandoned get no answer, and do not keep time going', async () => {
    const clock = new VirtualClock();
    const dead = new AbortController();
    let answered = false;
    void clock.call('abandoned', () => clock.sleep(50), dead.signal).then(() => (answered = true));
    dead.abort();
    await sleep(clock, 10);
    expect(clock.now).toBe(10);
    await sleep(clock, 100);
    expect(answered).toBe(false);
  });

  test('pace makes it wait for real', async () => {
    const clock = new VirtualClock(1000);
    const began = performance.now();
    await sleep(clock, 60_000);
    expect(performance.now() - began).toBeGreaterThan(50);
  });

  test('saved events go on where they stood', async () => {
    const clock = new VirtualClock();
    clock.on('world/event', () => {});
    clock.in(10, 'world/event', 'first');
    clock.in(500, 'world/event', { node: 'a' });
    await sleep(clock, 100);
    const again = new VirtualClock(null, JSON.parse(JSON.stringify(clock.save())));
    const seen: unknown[] = [];
    again.on('world/event', (data: unknown) => void seen.push([again.now, data]));
    await sleep(again, 1000);
    expect(seen).toEqual([[500, { node: 'a' }]]);
    expect(again.now).toBe(1100);
  });

  test('a duration that is none, and an event that nobody handles, are bugs', () => {
    const clock = new VirtualClock();
    expect(() => clock.timer(Number.NaN, () => {})).toThrow(LabBug);
    expect(() => clock.timer(-1, () => {})).toThrow(LabBug);
    expect(() => clock.in(1, 'nobody/handles', null)).toThrow('no handler');
  });
});

test('the queue gives back what is due in order, without what was cancelled', () => {
  const queue = new Queue<number>();
  const random = seeded(7);
  const times = Array.from({ length: 500 }, (_, n) => Math.floor(random.of('t', n) * 50));
  times.forEach((at, id) => queue.push({ at, id, what: id }));
  for (let id = 0; id < 500; id += 3) queue.cancel(id);
  const kept = times.map((at, id) => ({ at, id, what: id })).filter(({ id }) => id % 3 !== 0);
  kept.sort((a, b) => a.at - b.at || a.id - b.id);
  expect(queue.list()).toEqual(kept);
  const popped = [];
  for (let due = queue.pop(); due; due = queue.pop()) popped.push(due);
  expect(popped).toEqual(kept);
});

describe('chance', () => {
  test('is the same for a seed, another for another, and even', () => {
    const [one, same, other] = [seeded(1), seeded(1), seeded(2)];
    const draws = Array.from({ length: 2000 }, () => one.next());
    expect(draws).toEqual(Array.from({ length: 2000 }, () => same.next()));
    expect(draws[0]).not.toBe(other.next());
    expect(draws.every((n) => n >= 0 && n < 1)).toBe(true);
    expect(draws.reduce((sum, n) => sum + n, 0) / draws.length).toBeCloseTo(0.5, 1);
  });

  test('streams do not disturb each other, and a saved one goes on', () => {
    const random = seeded(3);
    const before = random.of('node', 'a');
    random.next();
    expect(random.of('node', 'a')).toBe(before);
    const again = seeded(3, random.save().drawn);
    expect(again.next()).toBe(random.next());
    expect(random.hex(8, 'id')).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('durations', () => {
  const table = {
    install: { min: 100, max: 200, what: 'an install', source: null },
    call: { min: 5, max: 5, what: 'a call', source: 'measured' },
  };

  test('are drawn within their range, each by its subject and its count', () => {
    const durations = drawing(table, seeded(1), () => {});
    const peeked = [0, 1, 2].map((n) => durations.peek('install', 'a', n));
    expect([1, 2, 3].map(() => durations.draw('install', 'a'))).toEqual(peeked);
    expect(new Set(peeked).size).toBe(3);
    expect(peeked.every((ms) => ms >= 100 && ms <= 200)).toBe(true);
    expect(durations.draw('install', 'b')).toBe(drawing(table, seeded(1), () => {}).draw('install', 'b'));
    expect(durations.draw('call', 'a')).toBe(5);
    const again = drawing(table, seeded(1), () => {}, durations.save());
    expect(again.draw('install', 'a')).toBe(durations.peek('install', 'a', 3));
  });

  test('without a source are assumptions', () => {
    const assumed: string[] = [];
    drawing(table, seeded(1), (what) => assumed.push(what));
    expect(assumed).toEqual(['an install: 100 ms to 200 ms']);
  });

  test('that nobody named, or of a turned range, are bugs', () => {
    const durations = drawing({ bad: { min: 2, max: 1, what: 'x', source: '' } }, seeded(1), () => {});
    expect(() => durations.draw('nothing', 'a')).toThrow('no duration named nothing');
    expect(() => durations.draw('bad', 'a')).toThrow(LabBug);
  });
});
