import { flagOf, numberOf, parseResources, textOf } from './documents.ts';

/** One network link, as `get links` tells of it. */
export type Link = {
  name: string;
  /** Further names of the same link. */
  aliases: string[];
  up: boolean;
  mtu: number | null;
  /** `bond`, `vlan`, …; empty for a physical link. */
  kind: string;
  /** `bond` where it is a member of one. */
  memberOf: string;
};

/** Reads `get links -o json` of one node. */
export function parseLinks(stdout: string): Link[] {
  return parseResources(stdout).map(({ metadata, spec }) => ({
    name: metadata.id,
    aliases: [spec['alias'], ...(Array.isArray(spec['altNames']) ? (spec['altNames'] as unknown[]) : [])].filter(
      (alias): alias is string => typeof alias === 'string' && alias !== '',
    ),
    up:
      textOf(spec['operationalState']) === 'up' ||
      (textOf(spec['operationalState']) === null && flagOf(spec['linkState']) === true),
    mtu: numberOf(spec['mtu']),
    kind: textOf(spec['kind']) ?? '',
    memberOf: textOf(spec['slaveKind']) ?? '',
  }));
}
