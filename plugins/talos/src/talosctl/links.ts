import { flagOf, numberOf, parseResources, textOf } from './documents.ts';

/** One network link, as `get links` tells of it. */
export type Link = {
  name: string;
  /** Further names of the same link. */
  aliases: string[];
  up: boolean;
  /** The address that its maker gave it, lower case; null where none was told. */
  mac: string | null;
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
    mac: macOf(textOf(spec['permanentAddr'])) ?? macOf(textOf(spec['hardwareAddr'])),
    mtu: numberOf(spec['mtu']),
    kind: textOf(spec['kind']) ?? '',
    memberOf: textOf(spec['slaveKind']) ?? '',
  }));
}

/** Loopback has an address of zeros. */
const macOf = (text: string | null): string | null =>
  text !== null && /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i.test(text) && !/^0[0:]*$/.test(text) ? text.toLowerCase() : null;
