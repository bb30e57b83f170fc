import type { Finding } from '@coldstart/contract';
import { dig, textAt, type Path, type YamlFile } from './yaml-file.ts';

/** A node as talhelper's file names it, with its place in it. */
export type Listed = {
  hostname: string;
  controlPlane: boolean;
  /** `ipAddress`: one, or several separated by commas. */
  addresses: string[];
  at: Path;
};

/** Boot media and templates that some files list among the nodes. */
const DUMMY = /^(?:iso|dummy|template|example)$/i;

/** The nodes of a talconfig.yaml in its order; what cannot be one is a finding or, where it stands for no machine, left out. */
export function readTalconfig(file: YamlFile): { nodes: Listed[]; skipped: string[]; problems: Finding[] } {
  const nodes: Listed[] = [];
  const skipped: string[] = [];
  const problems: Finding[] = [];
  const entries = file.get('nodes');
  if (!Array.isArray(entries))
    return {
      nodes,
      skipped,
      problems: [file.finding(['nodes'], 'no list of nodes', 'nodes: with at least one control plane')],
    };
  for (const [i, entry] of entries.entries()) {
    const at: Path = ['nodes', i];
    const hostname = textAt(entry, 'hostname');
    const addresses = (textAt(entry, 'ipAddress') ?? '')
      .split(',')
      .map((a) => a.trim())
      .filter((a) => a !== '');
    if (hostname === null || !/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(hostname)) {
      problems.push(
        file.finding(
          [...at, 'hostname'],
          hostname === null ? 'a node without hostname' : `the hostname ${JSON.stringify(hostname)}`,
          'lower-case letters, digits, dots and dashes',
        ),
      );
      continue;
    }
    if (DUMMY.test(hostname) || (addresses.length > 0 && addresses.every((a) => a.startsWith('127.')))) {
      skipped.push(hostname);
      continue;
    }
    nodes.push({ hostname, controlPlane: dig(entry, ['controlPlane']) === true, addresses, at });
  }
  return { nodes, skipped, problems };
}
