import type { Signal } from '@coldstart/contract';
import type { Detection } from './verdict.ts';

/**
 * The detector's answer as evidence: the verdict, then one row per control plane. Where the verdict is good, so is each row:
 * the table has weighed them together, and one that is silent or just starting beside the cluster is still to come.
 */
export function signalsOf(detection: Detection): Signal[] {
  const good = detection.verdict !== 'split' && detection.verdict !== 'unknown';
  return [
    {
      name: 'etcd detector',
      expected: 'safe, joining or done',
      observed: `${detection.verdict}: ${detection.reasons.join('; ')}`,
      ok: good,
      source: 'every control plane asked by itself',
    },
    ...detection.rows.map((row): Signal => ({
      name: 'etcd',
      subject: row.node,
      expected: 'no sign of another cluster',
      observed: `${row.class}, ${row.etcd}${row.members === '-' ? '' : `, knows ${row.members}`}`,
      ok: good || !['elsewhere', 'sick', 'foreign', 'unseen'].includes(row.among),
      source: 'talosctl services, etcd members',
    })),
  ];
}
