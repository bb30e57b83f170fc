import { status } from '@grpc/grpc-js';

import { RpcError } from '../../../plugins/lab/src/tools/talosctl/client.ts';

/** A call that a node answers with an error; `code` is gRPC's name for it, e.g. `Unavailable`. */
export class Failure extends Error {
  readonly code: string;
  constructor(code: string, details: string) {
    super(details);
    this.code = code;
  }
}

/** gRPC's number for a code by its Go name. */
export const numberOf = (code: string): number => {
  const key = code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase() as keyof typeof status;
  const number = status[key];
  if (typeof number !== 'number') throw new Error(`gRPC has no code ${code}`);
  return number;
};

/** An error of the lab's node model, which is written as talosctl prints it, as the server sends it. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof Failure) return error;
  const told = error instanceof RpcError && /^rpc error: code = (\w+) desc = ([\s\S]*)$/.exec(error.message);
  if (told) return new Failure(told[1] ?? '', told[2] ?? '');
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure('Internal', `the simulated node failed: ${text}`);
};

/** As Go prints a gRPC error: what a control plane writes into a reply on behalf of another node. */
export const printed = (failure: Failure): string => `rpc error: code = ${failure.code} desc = ${failure.message}`;

export const unavailable = (why: string): Failure => new Failure('Unavailable', why);
