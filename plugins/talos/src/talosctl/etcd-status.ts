import { parseTable } from './table.ts';

/** What one control plane's etcd says of itself. */
export type EtcdStatus = {
  /** Hex ids. `leader` is null while there is none. */
  member: string;
  leader: string | null;
  term: number;
  index: number;
  applied: number;
  learner: boolean;
  /** As printed, e.g. `2.5 MB`. */
  dbSize: string;
  /** Alarms such as NOSPACE; empty when there is none. */
  errors: string;
};

/**
 * Reads `etcd status` of one node, which has no JSON form. Talos before 1.11 prints no PROTOCOL and STORAGE.
 * Throws SyntaxError where it is not one row.
 */
export function parseEtcdStatus(stdout: string): EtcdStatus {
  const rows = parseTable(stdout);
  const row = rows[0];
  if (!row || rows.length !== 1) throw new SyntaxError(`${rows.length} rows of etcd status instead of one`);
  const count = (title: string): number => {
    const text = row[title] ?? '';
    if (!/^\d+$/.test(text)) throw new SyntaxError(`${title} is ${JSON.stringify(text)}`);
    return Number(text);
  };
  const leader = row['LEADER'] ?? '';
  return {
    member: row['MEMBER'] ?? '',
    leader: /^0*$/.test(leader) ? null : leader,
    term: count('RAFT TERM'),
    index: count('RAFT INDEX'),
    applied: count('RAFT APPLIED INDEX'),
    learner: row['LEARNER'] === 'true',
    dbSize: row['DB SIZE'] ?? '',
    errors: row['ERRORS'] ?? '',
  };
}
