import { fileURLToPath } from 'node:url';

import { Client, credentials } from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';

type Answer = { blob: Uint8Array };

/** A snapshot of the etcd at this address (`127.0.0.1:2379`, plain), in pieces: what Talos passes on as it comes. */
export const snapshotOf = async function* (address: string): AsyncIterable<Uint8Array> {
  const definition = await load('etcd.proto', {
    includeDirs: [fileURLToPath(new URL('proto', import.meta.url))],
    keepCase: true,
  });
  const service = definition['etcdserverpb.Maintenance'] as unknown as { Snapshot: MethodDefinition<object, Answer> };
  const { path, requestSerialize, responseDeserialize } = service.Snapshot;
  const client = new Client(address, credentials.createInsecure());
  try {
    const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {});
    for await (const { blob } of call as AsyncIterable<Answer>) yield blob;
  } finally {
    client.close();
  }
};
