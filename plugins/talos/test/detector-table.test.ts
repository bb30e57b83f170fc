import { describe, expect, test } from 'vitest';
import { CLASSES, classify, type Class } from '../src/detector/classes.ts';
import { signalsOf } from '../src/detector/signals.ts';
import { TABLE, verdictOf, type Verdict } from '../src/detector/table.ts';
import { detect } from '../src/detector/verdict.ts';
import type { ControlPlaneView } from '../src/detector/view.ts';

/** Every multiset of `size` classes, each in the order of CLASSES. */
function multisets(size: number, from = 0): Class[][] {
  if (size === 0) return [[]];
  return CLASSES.slice(from).flatMap((one, i) => multisets(size - 1, from + i).map((rest) => [one, ...rest]));
}
const ALL = [1, 2, 3, 4, 5].flatMap((size) => multisets(size));

/**
 * What a careful operator would say, in five sentences, counted and not looked up:
 * 1. With a stranger among them I decide nothing.
 * 2. Two clusters are a split, and I say so even if others are silent.
 * 3. An etcd that nobody knows is a cluster that I cannot see: I decide nothing.
 * 4. Where a cluster is, it is done when all vote, and otherwise somebody is still to come.
 * 5. Where none is seen, I bootstrap only if everybody told me that they are empty.
 */
function operator(classes: readonly Class[]): Verdict {
  const n = (wanted: Class): number => classes.filter((one) => one === wanted).length;
  if (n('foreign') > 0) return 'unknown';
  if (n('elsewhere') > 0) return 'split';
  if (n('sick') > 0) return 'unknown';
  if (n('voter') + n('joining') > 0) return n('voter') === classes.length ? 'done' : 'joining';
  return n('empty') + n('waiting') === classes.length ? 'safe' : 'unknown';
}

describe('the table, over all that 1 to 5 control planes can be', () => {
  test('has 1,286 multisets of 8 classes', () => {
    expect(CLASSES).toHaveLength(8);
    expect(ALL).toHaveLength(1286);
    expect(new Set(ALL.map((one) => one.join())).size).toBe(1286);
  });

  test('says what a careful operator would say', () => {
    const different = ALL.filter((one) => verdictOf(one) !== operator(one)).map(
      (one) => `${one.join()}: ${verdictOf(one)}`,
    );
    expect(different).toEqual([]);
  });

  test('is safe for exactly the 20 multisets of empty and waiting ones', () => {
    const safe = ALL.filter((one) => verdictOf(one) === 'safe');
    expect(safe).toHaveLength(2 + 3 + 4 + 5 + 6);
    expect(safe.every((one) => one.every((of) => of === 'empty' || of === 'waiting'))).toBe(true);
  });

  test('one more control plane never makes safe what was not', () => {
    for (const one of ALL.filter((set) => set.length < 5 && verdictOf(set) !== 'safe'))
      for (const more of CLASSES) expect(verdictOf([...one, more]), [...one, more].join()).not.toBe('safe');
  });

  test('every row decides something that no row above it decides', () => {
    for (const [i, row] of TABLE.entries())
      expect(
        ALL.some((one) => {
          const first = TABLE.findIndex(({ some, only }) =>
            some ? one.some((of) => some.includes(of)) : one.every((of) => only?.includes(of)),
          );
          return first === i;
        }),
        row.why,
      ).toBe(true);
  });

  test('nobody asked is unknown', () => expect(verdictOf([])).toBe('unknown'));
});

describe('the same multisets as control planes show them', () => {
  /** Whoever is `elsewhere` is so only beside a larger cluster, or an equal one that is named first. */
  const playable = ALL.filter((one) => {
    const n = (wanted: Class): number => one.filter((of) => of === wanted).length;
    const inside = n('voter') + n('joining');
    return n('elsewhere') === 0 || inside >= n('elsewhere');
  });

  test.each([1, 2, 3, 4, 5])('%i control planes', (size) => {
    const sets = playable.filter((one) => one.length === size);
    expect(sets.length).toBeGreaterThan(6);
    for (const one of sets) {
      const views = shown(one);
      expect(classify(views).classes, one.join()).toEqual(one);
      const { verdict, reasons, rows } = detect(views);
      expect(verdict, one.join()).toBe(operator(one));
      expect(rows.map(({ among }) => among)).toEqual(one);
      expect(reasons.join(), one.join()).toMatch(/cp-\d|control plane/);
    }
  });

  test.each([
    ['that answer', shown],
    ['that do not answer yet', (one: readonly Class[]) => shown(one, { service: 'Running', trouble: 'not yet' })],
  ])('with joining ones %s, signals say no trouble exactly where the verdict has none', (_, shownAs) => {
    const trouble: readonly Class[] = ['elsewhere', 'sick', 'foreign', 'unseen'];
    // Who does not answer is of the cluster by the words of a voter, and makes none the larger.
    const fits = (set: readonly Class[]) => shownAs === shown || (set.includes('voter') && !set.includes('elsewhere'));
    for (const one of playable.filter(fits)) {
      const detection = detect(shownAs(one));
      expect(detection.verdict, one.join()).toBe(operator(one));
      const [first, ...rows] = signalsOf(detection);
      const good = ['safe', 'joining', 'done'].includes(detection.verdict);
      expect(first?.ok, one.join()).toBe(good);
      expect(
        rows.map(({ ok }) => ok),
        one.join(),
      ).toEqual(one.map((of) => good || !trouble.includes(of)));
    }
  });

  test('the order of the nodes does not matter', () => {
    for (const one of playable.filter((set) => set.length === 4 && !set.includes('elsewhere'))) {
      const views = shown(one);
      expect(detect(views.toReversed()).verdict, one.join()).toBe(detect(views).verdict);
    }
  });
});

/** Views that show these classes: voters and learners know each other, those elsewhere know themselves. */
function shown(classes: readonly Class[], joining?: Partial<ControlPlaneView>): ControlPlaneView[] {
  const member = (i: number, learner: boolean) => ({
    id: `id-${i}`,
    hostname: `cp-${i}`,
    peerUrls: [`https://192.0.2.${11 + i}:2380`],
    learner,
  });
  const inside = classes.flatMap((one, i) =>
    one === 'voter' || one === 'joining' ? [member(i, one === 'joining')] : [],
  );
  const outside = classes.flatMap((one, i) => (one === 'elsewhere' ? [member(i, false)] : []));
  const told: Record<Class, Partial<ControlPlaneView>> = {
    empty: { class: 'maintenance' },
    waiting: { service: 'Preparing' },
    voter: { service: 'Running', members: inside },
    joining: joining ?? { service: 'Running', members: inside },
    elsewhere: { service: 'Running', members: outside },
    sick: { service: 'Running', trouble: 'etcd does not answer' },
    foreign: { class: 'foreign' },
    unseen: { class: 'silent', trouble: 'i/o timeout' },
  };
  return classes.map((one, i) => ({
    node: `cp-${i}`,
    address: `192.0.2.${11 + i}`,
    class: 'configured',
    service: null,
    members: null,
    appliedHere: false,
    assumedEmpty: false,
    trouble: null,
    ...told[one],
  }));
}
