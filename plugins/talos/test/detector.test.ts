import { describe, expect, test } from 'vitest';
import { roleOf } from '../src/detector/role.ts';
import { detect } from '../src/detector/verdict.ts';
import type { ControlPlaneView } from '../src/detector/view.ts';

const NAMES = ['infra-01', 'infra-02', 'infra-03'];
const view = (i: number, told: Partial<ControlPlaneView>): ControlPlaneView => ({
  node: NAMES[i] ?? '',
  address: `192.0.2.${11 + i}`,
  class: 'configured',
  service: null,
  members: null,
  appliedHere: false,
  assumedEmpty: false,
  trouble: null,
  ...told,
});
const members = (...who: string[]): ControlPlaneView['members'] =>
  who.map((text) => {
    const [id = '', hostname = '', learner] = text.split(' ');
    return { id, hostname, peerUrls: [], learner: learner !== undefined };
  });

const maintenance = { class: 'maintenance' } as const;
const waiting = { service: 'Preparing' } as const;
const away = { class: 'refused' } as const;
const sick = { service: 'Running', trouble: 'etcd does not answer' } as const;
const all = members('a1 infra-01', 'b2 infra-02', 'c3 infra-03');
const inAll = { service: 'Running', members: all } as const;
const alone = (id: string, node: string) => ({ service: 'Running', members: members(`${id} ${node}`) }) as const;

describe('the detector, over what three control planes show', () => {
  const rows: [
    string,
    [Partial<ControlPlaneView>, Partial<ControlPlaneView>, Partial<ControlPlaneView>],
    string,
    RegExp,
  ][] = [
    ['bare', [maintenance, maintenance, maintenance], 'safe', /no control plane of 3/],
    ['all configured, none bootstrapped', [waiting, waiting, waiting], 'safe', /no control plane/],
    ['one still in maintenance', [waiting, waiting, maintenance], 'safe', /no control plane/],
    [
      'one installing that took its config in this generation',
      [waiting, waiting, { ...away, appliedHere: true }],
      'safe',
      /no control plane/,
    ],
    ['one away that nobody saw empty', [waiting, waiting, away], 'unknown', /infra-03 was never seen empty/],
    [
      'one away, assumed empty',
      [waiting, waiting, { ...away, assumedEmpty: true }],
      'safe',
      /infra-03 is assumed to be empty/,
    ],
    [
      'one silent',
      [waiting, { class: 'silent', trouble: 'i/o timeout' }, waiting],
      'unknown',
      /infra-02 .*i\/o timeout/,
    ],
    ['one that does not tell its services', [waiting, { trouble: 'rpc error' }, waiting], 'unknown', /infra-02/],
    ['one in an unknown state', [waiting, waiting, { class: 'unknown' }], 'unknown', /infra-03/],
    [
      'one of another cluster',
      [waiting, { class: 'foreign' }, waiting],
      'unknown',
      /infra-02 shows another cluster's CA/,
    ],
    ['one of another cluster beside a whole one', [inAll, inAll, { class: 'foreign' }], 'unknown', /infra-03/],
    [
      'etcd runs on one and does not answer: old data',
      [waiting, sick, waiting],
      'unknown',
      /infra-02 .*Running.*does not answer/,
    ],
    ['etcd failed on one', [waiting, { service: 'Failed' }, waiting], 'unknown', /infra-02/],
    [
      'a running etcd that does not know itself',
      [{ service: 'Running', members: members('z9 other') }, waiting, waiting],
      'unknown',
      /infra-01/,
    ],
    [
      'bootstrapped, the others not yet',
      [alone('a1', 'infra-01'), waiting, waiting],
      'joining',
      /infra-02 is not a member yet \(Preparing\)/,
    ],
    ['bootstrapped, one away', [alone('a1', 'infra-01'), waiting, away], 'joining', /infra-03 is not a member yet/],
    [
      'a learner',
      [
        { service: 'Running', members: members('a1 infra-01', 'b2 infra-02 learner') },
        { service: 'Running', members: members('a1 infra-01', 'b2 infra-02 learner') },
        waiting,
      ],
      'joining',
      /infra-02 is a learner/,
    ],
    ['a member whose etcd does not answer just now', [inAll, inAll, sick], 'joining', /infra-03/],
    ['a member that is away', [inAll, inAll, away], 'joining', /infra-03/],
    [
      'a list that lags behind',
      [inAll, inAll, { service: 'Running', members: members('a1 infra-01', 'c3 infra-03') }],
      'joining',
      /infra-02 is not a voting member in every list/,
    ],
    ['all voting members of one cluster', [inAll, inAll, inAll], 'done', /all 3 control planes/],
    [
      'two clusters of one each',
      [alone('a1', 'infra-01'), alone('b2', 'infra-02'), waiting],
      'split',
      /cluster 1: infra-01.*cluster 2: infra-02/,
    ],
    [
      'two clusters, the third in one of them',
      [
        { service: 'Running', members: members('a1 infra-01', 'c3 infra-03') },
        alone('b2', 'infra-02'),
        { service: 'Running', members: members('a1 infra-01', 'c3 infra-03') },
      ],
      'split',
      /infra-01, infra-03/,
    ],
    [
      'three clusters',
      [alone('a1', 'infra-01'), alone('b2', 'infra-02'), alone('c3', 'infra-03')],
      'split',
      /cluster 3/,
    ],
    [
      'one cluster, and an etcd that it does not know',
      [alone('a1', 'infra-01'), sick, waiting],
      'unknown',
      /infra-02 runs etcd, and infra-01 does not know of it/,
    ],
  ];

  test.each(rows)('%s', (_what, told, verdict, reason) => {
    const found = detect(told.map((t, i) => view(i, t)));
    expect(found.verdict).toBe(verdict);
    expect(found.reasons.join('; ')).toMatch(reason);
    expect(found.rows).toHaveLength(3);
  });

  test.each(rows)('%s: the order of the nodes does not matter', (_what, told, verdict) => {
    const views = told.map((t, i) => view(i, t));
    for (const order of [
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ])
      expect(detect(order.map((i) => views[i]!)).verdict).toBe(verdict);
  });

  test('nobody was asked', () => expect(detect([]).verdict).toBe('unknown'));

  test('a single control plane', () => {
    expect(detect([view(0, waiting)]).verdict).toBe('safe');
    expect(detect([view(0, alone('a1', 'infra-01'))]).verdict).toBe('done');
  });

  test('a member is known by its address where its hostname is another', () => {
    const told = {
      service: 'Running',
      members: [{ id: 'a1', hostname: 'talos-x', peerUrls: ['https://192.0.2.11:2380'], learner: false }],
    };
    expect(roleOf(view(0, told))).toBe('member');
    expect(roleOf(view(1, told))).toBe('unhealthy');
  });

  test('never safe while anybody runs etcd, whatever the others show', () => {
    const running = [sick, { service: 'Starting' }, { service: 'Stopping' }, alone('b2', 'infra-02'), inAll];
    const others = [maintenance, waiting, { ...away, appliedHere: true }, { ...away, assumedEmpty: true }];
    for (const one of running)
      for (const a of others)
        for (const b of others) expect(detect([view(0, a), view(1, one), view(2, b)]).verdict).not.toBe('safe');
  });
});
