import type { Json, MergeFn } from '@coldstart/contract';
import { isMap, isSeq, YAMLSeq, type Document } from 'yaml';
import { dig, listAt, textAt, type Plain } from '../survey/yaml-file.ts';
import { entryOf, parseKubeconfig } from './read.ts';

const EMPTY = new TextEncoder().encode('apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n');

/**
 * `talos/kubeconfig-merge`: puts the one context of what Talos handed out (the first input) into the operators' file, under
 * the name `with.context`, with `with.server` as its address. Other contexts, comments and the current context stay as
 * they are; a new file gets no current context, since nothing here reads one.
 */
export const mergeKubeconfig: MergeFn = (current, inputs, options) => {
  const { context, server } = named(options);
  const [bytes] = inputs;
  if (!bytes) throw new Error('nothing to merge');
  const fresh = parseKubeconfig(bytes).toJS({ maxAliasCount: 50 }) as Plain;
  const source = listAt(fresh, 'contexts')[0];
  const cluster = dig(entryOf(fresh, 'clusters', textAt(source, 'context', 'cluster') ?? ''), ['cluster']);
  const user = dig(entryOf(fresh, 'users', textAt(source, 'context', 'user') ?? ''), ['user']);
  if (typeof cluster !== 'object' || cluster === null || typeof user !== 'object' || user === null)
    throw new SyntaxError('Talos handed out a kubeconfig without a context');

  const document = parseKubeconfig(current && current.length > 0 ? current : EMPTY);
  put(document, 'clusters', { name: context, cluster: { ...cluster, server } });
  put(document, 'users', { name: `admin@${context}`, user });
  put(document, 'contexts', {
    name: context,
    context: { cluster: context, namespace: 'default', user: `admin@${context}` },
  });
  return bytesOf(document);
};

/** `talos/kubeconfig-server`: changes the address behind `with.context` to `with.server`, and nothing else. */
export const setServer: MergeFn = (current, _inputs, options) => {
  const { context, server } = named(options);
  if (!current) throw new Error('there is no kubeconfig');
  const document = parseKubeconfig(current);
  const value = document.toJS({ maxAliasCount: 50 }) as Plain;
  const cluster = textAt(entryOf(value, 'contexts', context) ?? null, 'context', 'cluster');
  const index = listAt(value, 'clusters').findIndex((entry) => textAt(entry, 'name') === cluster);
  if (cluster === null || index < 0) throw new Error(`the kubeconfig has no context ${context}`);
  document.setIn(['clusters', index, 'cluster', 'server'], server);
  return bytesOf(document);
};

function named(options: Json | undefined): { context: string; server: string } {
  const given = options as { context?: unknown; server?: unknown } | undefined;
  if (typeof given?.context !== 'string' || typeof given.server !== 'string')
    throw new Error('context and server must be given');
  return { context: given.context, server: given.server };
}

/** Replaces the entry of that name, or appends it. */
function put(document: Document, list: string, entry: { name: string; [key: string]: unknown }): void {
  const found = document.get(list);
  const entries = isSeq(found) ? found : new YAMLSeq();
  if (entries !== found) document.set(list, entries);
  if (entries.items.length === 0) entries.flow = false;
  const node = document.createNode(entry);
  const index = entries.items.findIndex((item) => isMap(item) && item.get('name') === entry.name);
  if (index < 0) entries.add(node);
  else entries.items[index] = node;
}

const bytesOf = (document: Document): Uint8Array => new TextEncoder().encode(document.toString({ lineWidth: 0 }));
