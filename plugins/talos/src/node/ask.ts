import { succeeded, type Facts, type Ms, type Reader } from '@coldstart/contract';
import { clusterOf, policyOf } from '../facts.ts';
import { endpoint, insecure, secure } from '../talosctl/argv.ts';
import { faultOf, warnedFault, type Fault } from '../talosctl/failure.ts';

/** What one read-only call of talosctl came to. */
export type Answer = { ok: true; stdout: string } | { ok: false; fault: Fault };

/** With the repository's certificate, or as one talks to a node in maintenance. */
export type Access = 'secure' | 'insecure';

/** How to reach nodes: the repository's credentials, the port, and the bound on each call. */
export type Reach = { talosconfig: string; context: string; port: number; dial: Ms; deadline: Ms };

export function reachOf(facts: Facts): Reach {
  const { talosconfig, context } = clusterOf(facts);
  const policy = policyOf(facts);
  return { talosconfig, context, port: policy.port, dial: policy.preflight.dial, deadline: policy.probe.deadline };
}

/** Flags that name the one node and how it is spoken to. */
export function flagsFor(reach: Reach, access: Access, address: string): string[] {
  const where = endpoint(address, reach.port);
  return access === 'secure' ? secure(reach, where) : insecure(where);
}

/** Asks one node one thing. Never throws for what a node or talosctl says. */
export async function askNode(
  world: Reader,
  reach: Reach,
  address: string,
  access: Access,
  verb: readonly string[],
): Promise<Answer> {
  return askTool(world, [...verb, ...flagsFor(reach, access, address)], reach.deadline);
}

/** Faults that pass by themselves; a call that only reads may be made again at once. */
export const PASSING: ReadonlySet<Fault['cause']> = new Set([
  'connection-refused',
  'cut',
  'cancelled',
  'rpc-deadline',
  'deadline',
  'stopped',
]);
const MOST_CALLS = 3;

/**
 * Calls talosctl with a whole read-only argv. A call that failed in passing is made again, twice at most: one lost answer
 * of hundreds is no reason to end a run. One that ran out of time is made again once.
 */
export async function askTool(world: Reader, argv: string[], deadline: Ms): Promise<Answer> {
  for (let calls = 1; ; calls += 1) {
    const answer = await callTool(world, argv, deadline);
    if (answer.ok || !PASSING.has(answer.fault.cause)) return answer;
    if (calls >= (answer.fault.cause === 'deadline' ? 2 : MOST_CALLS)) return answer;
  }
}

async function callTool(world: Reader, argv: string[], deadline: Ms): Promise<Answer> {
  const done = await world.probe({ tool: 'talosctl', argv, deadline });
  if (succeeded(done)) {
    const warned = warnedFault(done.stderr);
    return warned ? { ok: false, fault: warned } : { ok: true, stdout: new TextDecoder().decode(done.stdout) };
  }
  if (done.how === 'deadline')
    return failed('deadline', `talosctl gave no answer within ${Math.round(deadline / 1000)} s`);
  if (done.how === 'spawn') return failed('missing-tool', 'talosctl could not be started');
  if (done.how === 'stopped' || done.how === 'signal') return failed('stopped', 'talosctl was ended from outside');
  return { ok: false, fault: faultOf(done.stderr) };
}

const failed = (cause: Fault['cause'], message: string): Answer => ({
  ok: false,
  fault: { cause, code: null, node: null, message },
});

/** Parses an answer; what cannot be read is a fault as well. */
export function read<T>(
  answer: Answer,
  parse: (stdout: string) => T,
): { ok: true; value: T } | { ok: false; fault: Fault } {
  if (!answer.ok) return answer;
  try {
    return { ok: true, value: parse(answer.stdout) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {
      ok: false,
      fault: {
        cause: 'other',
        code: null,
        node: null,
        message: `talosctl's answer could not be read: ${error.message}`,
      },
    };
  }
}
