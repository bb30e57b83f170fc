import type { EtcdMember } from '../talosctl/etcd-members.ts';
import type { ControlPlaneView } from './view.ts';

/** What one control plane says of itself, without the others. */
export type Role = 'empty' | 'assumed empty' | 'waiting' | 'member' | 'learner' | 'unhealthy' | 'foreign' | 'unseen';

/** Services that have not touched a data directory: Talos waits in these states for a bootstrap or for a cluster to join. */
const NOT_STARTED = new Set(['', 'Initialized', 'Preparing', 'Waiting', 'Pre', 'Skipped']);

/**
 * | node         | told                                       | role             |
 * |--------------|--------------------------------------------|------------------|
 * | maintenance  |                                            | empty            |
 * | foreign      |                                            | foreign          |
 * | configured   | services not told                          | unseen           |
 * | configured   | etcd not started                           | waiting          |
 * | configured   | etcd running, members, itself among them   | member / learner |
 * | configured   | etcd otherwise                             | unhealthy        |
 * | any other    | applied in this generation                 | empty            |
 * | any other    | `assumeEmpty`                              | assumed empty    |
 * | any other    |                                            | unseen           |
 */
export function roleOf(view: ControlPlaneView): Role {
  switch (view.class) {
    case 'maintenance':
      return 'empty';
    case 'foreign':
      return 'foreign';
    case 'configured':
      if (view.service === null) return 'unseen';
      if (NOT_STARTED.has(view.service)) return 'waiting';
      if (view.service !== 'Running' || view.members === null) return 'unhealthy';
      return itself(view) === undefined ? 'unhealthy' : itself(view)?.learner ? 'learner' : 'member';
    default:
      if (view.appliedHere) return 'empty';
      return view.assumedEmpty ? 'assumed empty' : 'unseen';
  }
}

/** Its own entry in its own list. */
export function itself(view: ControlPlaneView): EtcdMember | undefined {
  return view.members?.find((member) => isNode(member, view));
}

export const isNode = (member: EtcdMember, view: { node: string; address: string }): boolean =>
  member.hostname === view.node || member.peerUrls.some((url) => hostOf(url) === view.address);
const hostOf = (url: string): string => /^https?:\/\/\[?([^\]/]+?)\]?(?::\d+)?(?:\/|$)/.exec(url)?.[1] ?? '';
