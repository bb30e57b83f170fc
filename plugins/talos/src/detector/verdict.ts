import type { EtcdMember } from '../talosctl/etcd-members.ts';
import type { ControlPlaneView } from './view.ts';

/**
 * - `safe`     every control plane is known to hold no etcd data: bootstrap makes the first cluster
 * - `done`     one cluster, and every control plane is a voting member of it
 * - `joining`  one cluster, and some control plane is not a voting member of it yet
 * - `split`    more than one cluster
 * - `unknown`  somebody did not tell enough; bootstrapping now could make a second cluster
 */
export type Verdict = 'safe' | 'done' | 'joining' | 'split' | 'unknown';
export type Detection = { verdict: Verdict; reasons: string[]; rows: Row[] };
export type Row = { node: string; class: ControlPlaneView['class']; etcd: Role; members: string };

/** What one control plane is to etcd, as far as it told. */
export type Role = 'empty' | 'assumed empty' | 'waiting' | 'member' | 'learner' | 'unhealthy' | 'foreign' | 'unseen';

/** Services that have not touched a data directory: Talos waits in these states for a bootstrap or for a cluster to join. */
const NOT_STARTED = new Set(['', 'Initialized', 'Preparing', 'Waiting', 'Pre', 'Skipped']);

/**
 * One table, no exceptions elsewhere:
 *
 * | class                | told                          | role          |
 * |----------------------|-------------------------------|---------------|
 * | maintenance          |                               | empty         |
 * | configured           | etcd not started              | waiting       |
 * | configured           | etcd running, members, itself a voter / learner | member / learner |
 * | configured           | etcd otherwise                | unhealthy     |
 * | configured           | services not told             | unseen        |
 * | foreign              |                               | foreign       |
 * | any other            | applied in this generation    | empty         |
 * | any other            | `assumeEmpty`                 | assumed empty |
 * | any other            |                               | unseen        |
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

const isNode = (member: EtcdMember, view: { node: string; address: string }): boolean =>
  member.hostname === view.node || member.peerUrls.some((url) => hostOf(url) === view.address);
const hostOf = (url: string): string => /^https?:\/\/\[?([^\]/]+?)\]?(?::\d+)?(?:\/|$)/.exec(url)?.[1] ?? '';

/** Whether and where etcd lives, from what every control plane shows. Pure. */
export function detect(views: readonly ControlPlaneView[]): Detection {
  const rows = views.map((view): Row => ({
    node: view.node,
    class: view.class,
    etcd: roleOf(view),
    members: showMembers(view.members),
  }));
  const told = (verdict: Verdict, reasons: string[]): Detection => ({ verdict, reasons, rows });
  const named = (role: Role): string[] => rows.filter((row) => row.etcd === role).map((row) => row.node);
  const whoIs = (nodes: readonly string[], one: string, many = one): string =>
    `${nodes.join(', ')} ${nodes.length === 1 ? one : many}`;

  const foreign = named('foreign');
  if (foreign.length > 0) return told('unknown', [`${whoIs(foreign, 'shows', 'show')} another cluster's CA`]);

  const inside = views.filter((view) => ['member', 'learner'].includes(roleOf(view)));
  if (inside.length > 0) {
    const clusters = clustersOf(inside);
    if (clusters.length > 1)
      return told(
        'split',
        clusters.map((group, i) => `cluster ${i + 1}: ${group.map((view) => view.node).join(', ')}`),
      );
    const everyone = inside.flatMap((view) => view.members ?? []);
    // A running etcd that no member knows of may be a cluster of its own.
    const apart = views.filter(
      (view) => roleOf(view) === 'unhealthy' && !everyone.some((member) => isNode(member, view)),
    );
    if (apart.length > 0)
      return told('unknown', [
        `${whoIs(
          apart.map((v) => v.node),
          'runs',
          'run',
        )} etcd, and ${inside.map((v) => v.node).join(', ')} does not know of it`,
      ]);
    const outside = views.filter((view) => roleOf(view) !== 'member' || !inside.every((other) => voterIn(other, view)));
    if (outside.length === 0)
      return told('done', [`all ${views.length} control planes are voting members of one cluster`]);
    return told(
      'joining',
      outside.map((view) => `${view.node} is ${joiningState(view)}`),
    );
  }

  const unhealthy = views.filter((view) => roleOf(view) === 'unhealthy');
  if (unhealthy.length > 0)
    return told(
      'unknown',
      unhealthy.map(
        (view) =>
          `${view.node} has etcd in state ${view.service} and shows no members${view.trouble ? `: ${view.trouble}` : ''}`,
      ),
    );
  const unseen = views.filter((view) => roleOf(view) === 'unseen');
  if (unseen.length > 0)
    return told(
      'unknown',
      unseen.map((view) => `${view.node} was never seen empty (${view.trouble ?? view.class})`),
    );
  if (views.length === 0) return told('unknown', ['no control plane was asked']);
  return told('safe', [
    `no control plane of ${views.length} holds etcd data`,
    ...named('assumed empty').map((node) => `${node} is assumed to be empty`),
  ]);
}

/** Views that know of a common member show the same cluster; the rest are others. */
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
  return groups.map((group) => group.views);
}

const voterIn = (of: ControlPlaneView, view: ControlPlaneView): boolean =>
  of.members?.some((member) => isNode(member, view) && !member.learner) ?? false;

function joiningState(view: ControlPlaneView): string {
  const role = roleOf(view);
  if (role === 'learner') return 'a learner';
  if (role === 'member') return 'not a voting member in every list';
  return `not a member yet (${view.service ?? view.trouble ?? view.class})`;
}

const showMembers = (members: readonly EtcdMember[] | null): string =>
  members === null ? '-' : members.map((m) => `${m.hostname}${m.learner ? ' (learner)' : ''}`).join(', ');
