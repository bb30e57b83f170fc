import { parseTable } from './table.ts';

/** One row of `etcd members`: what one control plane knows of one member. */
export type EtcdMember = {
  /** Hex. */
  id: string;
  hostname: string;
  peerUrls: string[];
  learner: boolean;
};

/** Reads `etcd members` of one node; the column NODE is there only where the answer came through a proxy. */
export function parseEtcdMembers(stdout: string): EtcdMember[] {
  return parseTable(stdout).map((row) => {
    const id = row['ID'] ?? '';
    if (!/^[0-9a-f]{1,16}$/.test(id)) throw new SyntaxError(`not a member id: ${JSON.stringify(id)}`);
    return {
      id,
      hostname: row['HOSTNAME'] ?? '',
      peerUrls: (row['PEER URLS'] ?? '').split(',').filter((url) => url !== ''),
      learner: row['LEARNER'] === 'true',
    };
  });
}
