import { createHash } from 'node:crypto';
import type { Event, EventOf, Signal } from '@coldstart/contract';

/** A journal's bytes from events at given seconds, in the order of their times, chained as the engine does. */
export function journalOf(events: readonly { at: number; event: Event }[]): Uint8Array {
  let prev = createHash('sha256').update('').digest('hex');
  let text = '';
  const inOrder = [...events].sort((a, b) => a.at - b.at);
  inOrder.forEach(({ at, event }, seq) => {
    const when = new Date(Date.UTC(2026, 10, 21, 1, 20) + at * 1000).toISOString();
    const line = JSON.stringify({ seq, at: when, mono: at * 1000, prev, ...event });
    prev = createHash('sha256').update(line).digest('hex');
    text += `${line}\n`;
  });
  return new TextEncoder().encode(text);
}

type Timed = { at: number; event: Event };

export const start = (more: Partial<EventOf<'run-start'>> = {}): Event => ({
  type: 'run-start',
  schema: 'coldstart.journal/1',
  run: '20261121T012000Z-1a2b',
  cluster: 'infra',
  generation: 1,
  procedure: 'create',
  mode: 'rehearsal',
  coldstart: '0.1.0',
  story: '1.2',
  seed: 7,
  faults: [],
  operator: { user: 'ada', host: 'desk', pid: 4242 },
  plan: {
    digest: '1'.repeat(64),
    phases: [
      {
        id: 'talos',
        title: 'Talos',
        slo: 420_000,
        sloFormula: '4 m 00 s + 1 m 30 s × 2 ÷ 1',
        steps: [
          { id: 'talos/tools', title: 'Tools are there', items: ['cluster'] },
          { id: 'talos/apply', title: 'Machine configs', items: ['infra-01', 'infra-02'] },
          { id: 'talos/bootstrap', title: 'etcd is bootstrapped', items: ['cluster'] },
        ],
      },
      {
        id: 'core',
        title: 'Core',
        slo: 60_000,
        steps: [{ id: 'helmfile/releases', title: 'Releases', items: ['cilium'] }],
      },
      {
        id: 'validation',
        title: 'Validation',
        slo: null,
        steps: [{ id: 'flux/handover', title: 'Handover', items: ['cluster'] }],
      },
    ],
  },
  slo: 1_200_000,
  inputs: [{ path: 'clusters/infra/talos/talconfig.yaml', digest: 'a'.repeat(64) }],
  tools: [
    { name: 'kubectl', version: '1.34.1', simulated: true, digest: null },
    { name: 'talosctl', version: '1.12.0', simulated: true, digest: null },
  ],
  criteria: [
    { id: 'AC1', title: 'etcd has one cluster', step: 'talos/bootstrap', needs: 'any' },
    { id: 'AC2', title: 'Flux has taken over', step: 'flux/handover', needs: 'live' },
    { id: 'AC3', title: 'Cilium agrees', step: 'cilium/status', needs: 'any' },
    { id: 'AC4', title: 'All nodes are configured', step: 'talos/apply', needs: 'any' },
  ],
  assumed: ['The disks of the nodes are as large as the example says.'],
  ...more,
});

export const signal = (name: string, ok = true, more: Partial<Signal> = {}): Signal => ({
  name,
  expected: true,
  observed: ok,
  ok,
  source: 'talosctl get machinestatus',
  ...more,
});

type ItemEnd = Partial<EventOf<'item-end'>>;
type Action = Partial<EventOf<'action-start'>> & { end?: Partial<EventOf<'action-end'>> | null; pid?: number };

/** An item's records from `from` to `to` seconds. */
export function item(
  from: number,
  to: number,
  phase: string,
  step: string,
  key: string,
  end: ItemEnd | null,
  actions: Action[] = [],
): Timed[] {
  const where = { phase, step, item: key };
  const timed: Timed[] = [{ at: from, event: { type: 'item-start', ...where } }];
  const between = (to - from) / (actions.length + 1);
  actions.forEach(({ end: over, pid, ...more }, i) => {
    const name = { ...where, action: more.action ?? 'apply', attempt: more.attempt ?? i + 1 };
    const at = from + Math.floor(between * i);
    timed.push({
      at,
      event: {
        type: 'action-start',
        ...name,
        risk: 'change',
        target: key,
        shown: `talosctl apply-config --nodes ${key}`,
        consent: null,
        deadline: 60_000,
        ok: [0],
        guards: [],
        ...more,
      },
    });
    if (pid !== undefined) timed.push({ at, event: { type: 'action-spawned', ...name, pid, started: 'boot 1' } });
    if (over === null) return;
    timed.push({
      at: from + Math.floor(between * (i + 1)),
      event: {
        type: 'action-end',
        ...name,
        outcome: 'ok',
        how: 'exit',
        exit: 0,
        kind: null,
        cause: null,
        tail: null,
        excerpt: null,
        ...over,
      },
    });
  });
  if (end)
    timed.push({
      at: to,
      event: {
        type: 'item-end',
        ...where,
        verdict: 'done',
        signals: [signal(`${step} holds`)],
        cause: null,
        remedy: null,
        page: null,
        diagnosis: [],
        ...end,
      },
    });
  return timed;
}

const phase = (
  from: number,
  to: number,
  id: string,
  inner: Timed[],
  verdict: EventOf<'phase-end'>['verdict'] = 'done',
): Timed[] => [
  { at: from, event: { type: 'phase-start', phase: id } },
  ...inner,
  { at: to, event: { type: 'phase-end', phase: id, verdict } },
];

const end = (at: number, more: Partial<EventOf<'run-end'>> = {}): Timed => ({
  at,
  event: { type: 'run-end', outcome: 'done', exit: 0, cause: null, next: null, ...more },
});

const notRun = (at: number, phaseId: string, step: string, key: string, cause: string): Timed => ({
  at,
  event: {
    type: 'item-end',
    phase: phaseId,
    step,
    item: key,
    verdict: 'not-run',
    signals: [],
    cause,
    remedy: null,
    page: null,
    diagnosis: [],
  },
});

const tools = item(0, 2, 'talos', 'talos/tools', 'cluster', {
  verdict: 'skipped',
  signals: [signal('talosctl is there')],
});
const node1 = item(2, 200, 'talos', 'talos/apply', 'infra-01', {}, [{ pid: 101 }]);
const retried: Timed[] = [
  ...item(200, 300, 'talos', 'talos/apply', 'infra-02', {}, [
    {
      pid: 102,
      end: { outcome: 'unknown', how: 'exit', exit: 1, kind: 'ambiguous', cause: 'EOF', tail: 'rpc error: EOF\n' },
    },
    { pid: 103 },
  ]),
].flatMap((r) =>
  r.event.type === 'action-end' && r.event.attempt === 1
    ? [
        r,
        {
          at: r.at,
          event: {
            type: 'retry' as const,
            phase: 'talos',
            step: 'talos/apply',
            item: 'infra-02',
            attempt: 1,
            in: 3000,
            cause: 'EOF',
          },
        },
      ]
    : [r],
);
const bootstrap = item(300, 320, 'talos', 'talos/bootstrap', 'cluster', {}, [
  {
    action: 'bootstrap',
    risk: 'once',
    target: 'infra-01',
    shown: 'talosctl bootstrap --nodes 192.0.2.11',
    guards: [{ id: 'talos/pinned-node', ok: true, cause: null }],
  },
]);
const releases = item(330, 420, 'core', 'helmfile/releases', 'cilium', {}, [
  {
    action: 'sync',
    shown: 'helmfile -l name=cilium sync',
    target: 'cilium',
    end: { excerpt: 'STATUS: deployed\nREVISION: 1\n' },
  },
]);
const handover = item(420, 450, 'validation', 'flux/handover', 'cluster', {
  signals: [signal('Kustomization', true, { subject: 'flux-system' })],
});

/** Hand-made runs, one for each way in which a run may end. */
export const runs: Record<string, Timed[]> = {
  done: [
    { at: 0, event: start() },
    {
      at: 0,
      event: { type: 'deviation', what: 'not verified, @coldstart/cilium is not installed', subject: 'cilium/status' },
    },
    ...tools,
    ...phase(2, 320, 'talos', [...node1, ...retried, ...bootstrap]),
    ...phase(330, 420, 'core', releases),
    ...phase(420, 450, 'validation', handover),
    end(450),
  ],
  'again, nothing to do': [
    {
      at: 0,
      event: start({
        run: '20261121T020000Z-9f9f',
        mode: 'live',
        tools: [{ name: 'kubectl', version: null, simulated: false, digest: 'b'.repeat(64) }],
      }),
    },
    ...tools,
    ...phase(
      2,
      6,
      'talos',
      [
        ...item(2, 3, 'talos', 'talos/apply', 'infra-01', { verdict: 'skipped' }),
        ...item(2, 3, 'talos', 'talos/apply', 'infra-02', { verdict: 'skipped' }),
        ...item(3, 6, 'talos', 'talos/bootstrap', 'cluster', { verdict: 'skipped' }),
      ],
      'skipped',
    ),
    ...phase(6, 7, 'core', item(6, 7, 'core', 'helmfile/releases', 'cilium', { verdict: 'skipped' }), 'skipped'),
    ...phase(7, 8, 'validation', item(7, 8, 'validation', 'flux/handover', 'cluster', {})),
    end(8),
  ],
  preflight: [
    { at: 0, event: start() },
    ...item(0, 2, 'talos', 'talos/tools', 'cluster', {
      verdict: 'failed',
      signals: [signal('talosctl is there', false, { expected: '>= 1.12', observed: null, source: 'PATH' })],
      cause: 'talosctl was not found in PATH',
      remedy: 'Install talosctl 1.12.',
      page: 'tool-missing',
    }),
    end(2, {
      outcome: 'preflight',
      exit: 3,
      cause: 'talos/tools cluster: talosctl was not found in PATH',
      next: 'coldstart cluster create infra',
    }),
  ],
  failed: [
    { at: 0, event: start({ faults: ['back-to-maintenance@infra-02'] }) },
    ...tools,
    ...phase(
      2,
      620,
      'talos',
      [
        ...node1,
        ...item(
          200,
          600,
          'talos',
          'talos/apply',
          'infra-02',
          {
            verdict: 'failed',
            signals: [signal('stage', false, { subject: 'infra-02', expected: 'running', observed: 'maintenance' })],
            cause: 'it fell back to maintenance\nand stayed there',
            remedy: 'Look at the disk selector.',
            page: 'node-in-maintenance',
            diagnosis: [
              signal('dmesg', false, { expected: null, observed: 'no disk matches', source: 'talosctl dmesg' }),
            ],
          },
          [
            {
              pid: 102,
              end: {
                outcome: 'failed',
                how: 'exit',
                exit: 1,
                kind: 'transient',
                cause: 'refused',
                tail: 'error: connection refused\n',
              },
            },
            {
              pid: 103,
              end: {
                outcome: 'failed',
                how: 'deadline',
                exit: null,
                kind: 'transient',
                cause: 'no answer',
                tail: null,
              },
            },
            {
              end: {
                outcome: 'failed',
                how: 'spawn',
                exit: null,
                kind: 'fatal',
                cause: 'talosctl is gone',
                tail: null,
              },
            },
          ],
        ),
        notRun(610, 'talos', 'talos/bootstrap', 'cluster', 'talos/apply failed'),
      ],
      'failed',
    ),
    ...phase(
      620,
      620,
      'core',
      [notRun(620, 'core', 'helmfile/releases', 'cilium', 'talos/bootstrap was not run')],
      'not-run',
    ),
    end(620, {
      outcome: 'failed',
      exit: 4,
      cause: 'talos/apply infra-02: it fell back to maintenance',
      next: 'coldstart cluster create infra',
    }),
  ],
  refused: [
    { at: 0, event: start() },
    { at: 0, event: { type: 'consent', what: 'takeover', words: 'infra' } },
    { at: 0, event: { type: 'deviation', what: 'took the lock over from ada on attic', subject: null } },
    ...tools,
    ...phase(
      2,
      30,
      'talos',
      item(
        2,
        30,
        'talos',
        'talos/bootstrap',
        'cluster',
        {
          verdict: 'refused',
          signals: [],
          cause: 'two etcd clusters',
          remedy: 'Reset one of them.',
          page: 'etcd-split',
        },
        [
          {
            action: 'bootstrap',
            risk: 'once',
            guards: [{ id: 'talos/pinned-node', ok: false, cause: 'the detector says split' }],
            end: { outcome: 'failed', how: null, exit: null, kind: 'fatal', cause: 'guard' },
          },
        ],
      ),
      'refused',
    ),
    end(30, {
      outcome: 'refused',
      exit: 5,
      cause: 'talos/bootstrap cluster: two etcd clusters',
      next: 'coldstart cluster create infra',
    }),
  ],
  interrupted: [
    { at: 0, event: start() },
    ...tools,
    ...phase(
      2,
      60,
      'talos',
      item(
        2,
        60,
        'talos',
        'talos/apply',
        'infra-01',
        { verdict: 'interrupted', signals: [], cause: 'the run was interrupted' },
        [
          {
            pid: 101,
            end: {
              outcome: 'unknown',
              how: 'signal',
              exit: null,
              kind: 'ambiguous',
              cause: 'the run was interrupted while it ran',
            },
          },
        ],
      ),
      'interrupted',
    ),
    end(60, { outcome: 'interrupted', exit: 130, next: 'coldstart cluster create infra' }),
  ],
  killed: [
    { at: 0, event: start() },
    {
      at: 1,
      event: {
        type: 'outlived',
        run: '20261120T010000Z-0000',
        phase: 'talos',
        step: 'talos/apply',
        item: 'infra-01',
        action: 'apply',
        attempt: 1,
        pid: 99,
        ended: true,
      },
    },
    ...tools,
    { at: 2, event: { type: 'phase-start', phase: 'talos' } },
    ...item(2, 60, 'talos', 'talos/bootstrap', 'cluster', null, [
      { action: 'bootstrap', risk: 'once', shown: 'talosctl bootstrap --nodes 192.0.2.11', pid: 7, end: null },
    ]),
  ],
  'dry run': [{ at: 0, event: start({ mode: 'dry-run' }) }, end(1)],
  bug: [
    { at: 0, event: start() },
    end(1, {
      outcome: 'bug',
      exit: 1,
      cause: 'coldstart : TypeError: x is undefined\n    at y',
      next: 'coldstart cluster create infra',
    }),
  ],
};
