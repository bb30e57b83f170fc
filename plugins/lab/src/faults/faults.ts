import type { Faults, Random } from '../model.ts';
import { knownFaults } from './known.ts';
import { type FaultOrder, parseFault } from './parse.ts';

export type PlayedFaults = Faults & {
  orders: readonly FaultOrder[];
  /** Counts an order whose moment the caller found itself; false where it has struck already. */
  strikeOrder(order: FaultOrder): boolean;
  /** One more fault from now on. */
  ask(text: string): void;
  /** Ends every fault that was asked for, as if somebody had mended it; what struck stays counted. */
  lift(): void;
  /** How often each fault struck, by the words it was asked for in. */
  fired(): Readonly<Record<string, number>>;
};

/**
 * The faults of one rehearsal. They mask the world while it is open and are not saved with it: a rehearsal without the fault
 * finds the world as if somebody had mended it. A fault on a node that names none strikes one that the seed picks.
 */
export function playing(
  asked: readonly string[],
  nodes: readonly string[],
  random: Random,
  assume: (what: string) => void,
): PlayedFaults {
  const placed = (text: string): FaultOrder => {
    const order = parseFault(text, nodes);
    const onNode = knownFaults.find((known) => known.name === order.name)?.at === 'node';
    if (!onNode || order.at !== null || nodes.length === 0) return order;
    const at = nodes[Math.floor(random.of('fault', text) * nodes.length)]!;
    assume(`fault ${text}: it strikes ${at}`);
    return { ...order, at };
  };
  const orders = asked.map(placed);
  const struck = new Map(orders.map((order) => [order, 0]));
  const next = (name: string, at: string | undefined): FaultOrder | undefined =>
    orders.find(
      (order) => order.name === name && (order.at === null || order.at === at) && struck.get(order)! < order.count,
    );
  return {
    orders,
    ask: (text) => {
      const order = placed(text);
      orders.push(order);
      struck.set(order, 0);
    },
    lift: () => void orders.splice(0),
    strikeOrder: (order) => {
      const before = struck.get(order)!;
      struck.set(order, before + 1);
      return before === 0;
    },
    asked: (name) => orders.some((order) => order.name === name),
    pending: (name, at) => next(name, at) !== undefined,
    strike: (name, at) => {
      const order = next(name, at);
      if (order) struck.set(order, struck.get(order)! + 1);
      return order !== undefined;
    },
    fired: () => {
      const by: Record<string, number> = {};
      for (const [{ asked: words }, times] of struck) by[words] = (by[words] ?? 0) + times;
      return by;
    },
  };
}
