import type { Identity, Json } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import type { TalosPolicy } from '../config.ts';

/** One thing that is recorded of a machine. */
export type Statement = {
  what: 'UUID' | 'serial' | 'MAC' | 'disk';
  /** What may be seen: any of them; globs where an operator wrote them. */
  expected: string[];
  from: 'coldstart.yaml' | 'the machine config' | 'identity.json' | 'a look before';
};

/** Keys of a disk selector that name one disk, and not a kind of disk. */
const NAMING = ['serial', 'wwid', 'uuid'] as const;

/**
 * All that is recorded of the machine which a node's config is for: by the operator (`talos.machines`), by its machine config
 * (disk and links that it selects by hardware), and by what was seen when it was first given a config.
 */
export function statementsOf(node: TalosNode, policy: TalosPolicy, identity: Identity | undefined): Statement[] {
  const told = policy.machines[node.name];
  const operator: Statement[] = [
    ...one('UUID', told?.uuid, 'coldstart.yaml'),
    ...one('serial', told?.serial, 'coldstart.yaml'),
    ...(told?.mac ?? []).flatMap((mac) => one('MAC', mac, 'coldstart.yaml')),
  ];
  const config: Statement[] = [
    ...node.macs.flatMap((mac) => one('MAC', mac, 'the machine config')),
    ...NAMING.flatMap((key) => one('disk', textOf(node.diskSelector?.[key]), 'the machine config')),
  ];
  return [...operator, ...config, ...statementsFrom(identity?.machines?.[node.name], 'identity.json')];
}

/** What a machine showed earlier, as it was kept. */
export function statementsFrom(pin: Json | undefined, from: Statement['from']): Statement[] {
  const tree = typeof pin === 'object' && pin !== null && !Array.isArray(pin) ? pin : {};
  const list = (value: Json | undefined): string[] =>
    Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
  const statement = (what: Statement['what'], expected: string[]): Statement[] =>
    expected.length > 0 ? [{ what, expected, from }] : [];
  return [
    ...one('UUID', textOf(tree['uuid']), from),
    ...one('serial', textOf(tree['serial']), from),
    ...statement('MAC', list(tree['macs'])),
    ...statement('disk', list(tree['disks'])),
  ];
}

const one = (what: Statement['what'], value: string | undefined, from: Statement['from']): Statement[] =>
  value === undefined || value === '' ? [] : [{ what, expected: [value], from }];
const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
