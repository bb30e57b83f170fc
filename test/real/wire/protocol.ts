import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { MethodDefinition } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';

import { familyModule } from '../toolchain/go.ts';

/** A message as proto-loader has it: field names as in the .proto file, 64-bit numbers and enums as text. */
export type Message = { [field: string]: unknown };
export type Method = MethodDefinition<Message, Message>;

export type Protocol = {
  /** Every method of every service that a node has, by path, e.g. `/machine.MachineService/Version`. */
  methods: ReadonlyMap<string, Method>;
  /** Serializes a message of a named type. */
  encode: (type: string, message: Message) => Buffer;
};

/** Ours: what Talos' module does not have as .proto files. */
const own = fileURLToPath(new URL('proto', import.meta.url));

/** Talos' own protocol files, from the module that talosctl is built from; nothing of them is kept in this repository. */
export const loadProtocol = async (): Promise<Protocol> => {
  const { dir } = await familyModule('talosctl', 'github.com/siderolabs/talos');
  const files = [
    'machine/machine.proto',
    'machine/image.proto',
    'machine/lifecycle.proto',
    'cluster/cluster.proto',
    'storage/storage.proto',
    'time/time.proto',
    'cosi.proto',
    'health.proto',
  ];
  const definition = await load(files, {
    includeDirs: [join(dir, 'api'), own],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
  });
  return { methods: methodsOf(definition), encode: (type, message) => encoderOf(definition, type)(message) };
};

const methodsOf = (definition: PackageDefinition): Map<string, Method> => {
  const methods = new Map<string, Method>();
  for (const entry of Object.values(definition)) {
    if ('format' in entry) continue;
    for (const method of Object.values(entry)) methods.set(method.path, method as unknown as Method);
  }
  return methods;
};

const encoderOf = (definition: PackageDefinition, type: string): ((message: Message) => Buffer) => {
  const found = definition[type] as MessageTypeDefinition<object, object> | undefined;
  if (!found || !('serialize' in found)) throw new Error(`no message type ${type}`);
  return found.serialize;
};
