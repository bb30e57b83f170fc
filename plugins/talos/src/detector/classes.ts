import type { EtcdMember } from '../talosctl/etcd-members.ts';
import { itself, isNode, roleOf } from './role.ts';
import type { ControlPlaneView } from './view.ts';

/**
 * What a control plane is to etcd, seen together with all others. One class each:
 *
 * - `empty`      it surely holds no etcd data: it is in maintenance, took its config in this generation and is away, or the
 *                operator takes it for empty
 * - `waiting`    it runs its config, and etcd has not started: it waits for a bootstrap or for a cluster to join
 * - `voter`      a voting member of the cluster, by its own list and by that of every other member
 * - `joining`    of the cluster, and not voting yet: a learner, not in every list, or known there and not answering now
 * - `elsewhere`  a member of another cluster: its list and the cluster's have no member in common
 * - `sick`       it has started etcd and tells no members, and no member knows of it: a cluster of its own, perhaps
 * - `foreign`    it shows another cluster's CA
 * - `unseen`     it told nothing, and nobody saw it empty
 */
export const CLASSES = ['empty', 'waiting', 'voter', 'joining', 'elsewhere', 'sick', 'foreign', 'unseen'] as const;
export type Class = (typeof CLASSES)[number];

/** The class of each view, in their order; the groups of views that share members, the largest first. */
export function classify(views: readonly ControlPlaneView[]): { classes: Class[]; clusters: ControlPlaneView[][] } {
  const clusters = clustersOf(views.filter((view) => itself(view) !== undefined && isInside(view)));
  const [cluster = []] = clusters;
  const known = cluster.flatMap((view) => view.members ?? []);
  return { clusters, classes: views.map((view) => classOf(view, cluster, known)) };
}

const isInside = (view: ControlPlaneView): boolean => ['member', 'learner'].includes(roleOf(view));

function classOf(view: ControlPlaneView, cluster: readonly ControlPlaneView[], known: readonly EtcdMember[]): Class {
  const role = roleOf(view);
  switch (role) {
    case 'empty':
    case 'assumed empty':
      return 'empty';
    case 'unhealthy':
      return known.some((member) => isNode(member, view)) ? 'joining' : 'sick';
    case 'member':
    case 'learner':
      if (!cluster.includes(view)) return 'elsewhere';
      return role === 'member' && cluster.every((other) => votesIn(other, view)) ? 'voter' : 'joining';
    default:
      return role;
  }
}

/** Views that know of a common member show the same cluster; the rest are others. The largest comes first. */
function clustersOf(views: readonly ControlPlaneView[]): ControlPlaneView[][] {
  const groups: { ids: Set<string>; views: ControlPlaneView[] }[] = [];
  for (const view of views) {
    const ids = (view.members ?? []).map((member) => member.id);
    const touching = groups.filter((group) => ids.some((id) => group.ids.has(id)));
    const merged = {
      ids: new Set([...touching.flatMap((g) => [...g.ids]), ...ids]),
      views: [...touching.flatMap((g) => g.views), view],
    };
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(merged);
  }
  return groups.map((group) => group.views).sort((a, b) => b.length - a.length);
}

const votesIn = (of: ControlPlaneView, view: ControlPlaneView): boolean =>
  of.members?.some((member) => isNode(member, view) && !member.learner) ?? false;
