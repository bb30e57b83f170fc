import type { EtcdMember } from '../talosctl/etcd-members.ts';
import type { NodeClass } from '../node/look.ts';

/** What one control plane shows of etcd; the detector's only input. */
export type ControlPlaneView = {
  node: string;
  address: string;
  class: NodeClass;
  /** State of the service etcd; null where it was not told. */
  service: string | null;
  /** What it knows of its cluster's members; null where it gave no answer. */
  members: EtcdMember[] | null;
  /** It was seen in maintenance and given its config in this generation. */
  appliedHere: boolean;
  /** The operator takes it for empty (`assumeEmpty`). */
  assumedEmpty: boolean;
  /** Why something was not told; null where all was. */
  trouble: string | null;
};

/** Ids of all etcd members that some control plane knows of, sorted. */
export const memberIdsOf = (views: readonly ControlPlaneView[]): string[] =>
  [...new Set(views.flatMap((view) => view.members ?? []).map((member) => member.id))].sort();
