import type { Signal } from '@coldstart/contract';
import type { Detection } from './verdict.ts';

/** The detector's answer as evidence: the verdict, then one row per control plane. */
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
      expected: 'told',
      observed: `${row.class}, ${row.etcd}${row.members === '-' ? '' : `, knows ${row.members}`}`,
      ok: !['unhealthy', 'foreign', 'unseen'].includes(row.etcd) && row.among !== 'elsewhere',
      source: 'talosctl services, etcd members',
    })),
  ];
}
