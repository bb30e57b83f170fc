import { EXIT, Problem } from '@coldstart/contract';
import { type KnownFault, knownFaults } from './known.ts';

export type FaultOrder = { name: string; at: string | null; count: number; asked: string };

const MOMENTS = ['before', 'during', 'after'];

/** Reads `name[@node][:count]`. Throws a Problem (exit 2) that lists what there is. */
export function parseFault(asked: string, nodes: readonly string[]): FaultOrder {
  const match = /^([^@:]+)(?:@([^:]*))?(?::(.*))?$/.exec(asked);
  const known = knownFaults.find((fault) => fault.name === match?.[1]);
  if (!match || !known)
    refuse(
      `there is no fault ${JSON.stringify(match?.[1] ?? asked)}`,
      `one of ${knownFaults.map((f) => f.name).join(', ')}`,
    );
  return { name: known.name, at: place(known, match[2], asked, nodes), count: count(known, match[3], asked), asked };
}

function place(known: KnownFault, at: string | undefined, asked: string, nodes: readonly string[]): string | null {
  if (at === undefined) return null;
  if (at === '') refuse(`nothing follows the @ in ${JSON.stringify(asked)}`, 'name[@node][:count]');
  if (known.at === 'node' && !nodes.includes(at))
    refuse(`there is no node ${JSON.stringify(at)}`, `one of ${nodes.join(', ')}`);
  if (known.at === 'moment' && !MOMENTS.includes(at))
    refuse(`${known.name} has no moment ${JSON.stringify(at)}`, `one of ${MOMENTS.join(', ')}`);
  return at;
}

function count(known: KnownFault, text: string | undefined, asked: string): number {
  if (text === undefined) return known.count;
  if (!/^[1-9]\d{0,5}$/.test(text))
    refuse(`the count in ${JSON.stringify(asked)} is not a whole number from 1`, `${known.name}[@…]:3`);
  return Number(text);
}

function refuse(message: string, remedy: string): never {
  throw new Problem(`--fault: ${message}`, { exit: EXIT.usage, remedy });
}
