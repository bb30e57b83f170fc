import { glob } from '../node/disk-match.ts';
import { diskNames, type Hardware } from './hardware.ts';
import type { Statement } from './known.ts';

/** How one statement compares with what a machine shows. */
export type Compared = Statement & { is: 'same' | 'another' | 'untold'; seen: string[] };

/**
 * - `same`     something recorded is seen, and nothing contradicts it
 * - `another`  something recorded is contradicted: another machine answers
 * - `untold`   something is recorded, and the machine told nothing to hold against it
 * - `unknown`  nothing is recorded
 */
export type Match = { is: 'same' | 'another' | 'untold' | 'unknown'; compared: Compared[] };

/** Holds what a machine shows against all that is recorded of it. Pure. */
export function matchMachine(statements: readonly Statement[], hardware: Hardware): Match {
  const compared = statements.map((statement) => compare(statement, hardware));
  const same = compared.some(({ is }) => is === 'same');
  // A disk that was seen once may have been replaced in the same machine; one that the config names has to be there.
  const wrong = compared.filter(
    ({ is, what, from }) => is === 'another' && !(what === 'disk' && from === 'identity.json' && same),
  );
  if (wrong.length > 0) return { is: 'another', compared };
  if (same) return { is: 'same', compared };
  return { is: compared.length > 0 ? 'untold' : 'unknown', compared };
}

function compare(statement: Statement, hardware: Hardware): Compared {
  const seen = seenOf(statement, hardware);
  const fits = statement.expected.some((expected) =>
    seen.some((value) => glob(expected.toLowerCase(), value.toLowerCase())),
  );
  // A machine that shows its disks and none with a name has not the one that its config names.
  const told =
    seen.length > 0 ||
    (statement.from === 'the machine config' && statement.what === 'disk' && hardware.disks !== null);
  return { ...statement, seen, is: fits ? 'same' : told ? 'another' : 'untold' };
}

function seenOf({ what, from }: Statement, hardware: Hardware): string[] {
  switch (what) {
    case 'UUID':
      return hardware.uuid === null ? [] : [hardware.uuid];
    case 'serial':
      return hardware.serial === null ? [] : [hardware.serial];
    case 'MAC':
      return hardware.macs;
    case 'disk':
      // A config may name any disk; of what was seen once only the machine's own disks were kept.
      return from !== 'the machine config'
        ? diskNames(hardware.disks)
        : (hardware.disks ?? []).flatMap((disk) => [disk.serial, disk.wwid, disk.uuid].filter((name) => name !== ''));
  }
}

export const showCompared = ({ what, expected, from }: Statement): string =>
  `${what} ${expected.join(' or ')} (${from})`;
