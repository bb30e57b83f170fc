import type { Json } from './schema/index.ts';
import type { Files } from './world.ts';

/**
 * What is recorded of a cluster at first sight and never changed by itself. May be committed: nothing in it is secret.
 * Further places are the plugins': they put them there as pins of their looks.
 */
export type Identity = {
  schema: 'coldstart.identity/1';
  cluster: string;
  /** Which life of the cluster this is; 1 where it is not told. */
  generation?: number;
  /** SHA-256 (hex) of the DER of the Talos CA. */
  talosCa?: string;
  /** The only control plane that etcd is bootstrapped on in this generation. */
  bootstrapNode?: string;
  /** Ids of the etcd members. talosctl shows no cluster id: a cluster without a member in common is another one. */
  etcdMembers?: string[];
  /** UID of the namespace kube-system. */
  kubeSystem?: string;
  /** What each machine showed of its hardware when it was given its config, by node. */
  machines?: Record<string, Json>;
  /** What was recorded of earlier generations. */
  retired?: Json[];
  [place: string]: Json | undefined;
};

export const identityPath = (cluster: string): string => `.coldstart/${cluster}/identity.json`;

/** The record of a cluster; undefined where there is none yet. Throws SyntaxError where it is not one. */
export async function readIdentity(files: Pick<Files, 'read'>, cluster: string): Promise<Identity | undefined> {
  const bytes = await files.read(identityPath(cluster));
  return bytes && parseIdentity(bytes);
}

/** Reads what `identity.json` holds. Throws SyntaxError where it is not what coldstart writes. */
export function parseIdentity(bytes: Uint8Array): Identity {
  const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Identity> | null;
  const fits =
    typeof value === 'object' &&
    value !== null &&
    value.schema === 'coldstart.identity/1' &&
    typeof value.cluster === 'string' &&
    optional(value.generation, (n) => Number.isInteger(n) && (n as number) > 0) &&
    optional(value.talosCa, isText) &&
    optional(value.bootstrapNode, isText) &&
    optional(value.kubeSystem, isText) &&
    optional(value.etcdMembers, (list) => Array.isArray(list) && list.every(isText)) &&
    optional(value.machines, (tree) => typeof tree === 'object' && tree !== null && !Array.isArray(tree)) &&
    optional(value.retired, Array.isArray);
  if (!fits) throw new SyntaxError('identity.json is not what coldstart writes');
  return value as Identity;
}

export const identityBytes = (identity: Identity): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(identity, null, 2)}\n`);

const isText = (value: unknown): boolean => typeof value === 'string';
const optional = (value: unknown, fits: (value: unknown) => boolean): boolean => value === undefined || fits(value);
