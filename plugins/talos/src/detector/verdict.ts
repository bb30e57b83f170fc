import type { EtcdMember } from '../talosctl/etcd-members.ts';
import { classify, type Class } from './classes.ts';
import { roleOf, type Role } from './role.ts';
import { verdictOf, type Verdict } from './table.ts';
import type { ControlPlaneView } from './view.ts';

export type Detection = { verdict: Verdict; reasons: string[]; rows: Row[] };
/** One control plane: what the network showed, what it says of itself, and what it is among all. */
export type Row = { node: string; class: ControlPlaneView['class']; etcd: Role; among: Class; members: string };

/** Whether and where etcd lives, from what every control plane shows. Pure; the verdict is the table's (table.ts). */
export function detect(views: readonly ControlPlaneView[]): Detection {
  const { classes, clusters } = classify(views);
  const rows = views.map((view, i): Row => ({
    node: view.node,
    class: view.class,
    etcd: roleOf(view),
    among: classes[i] as Class,
    members: showMembers(view.members),
  }));
  const of = (wanted: Class): ControlPlaneView[] => views.filter((_, i) => classes[i] === wanted);
  const verdict = verdictOf(classes);
  return { verdict, rows, reasons: reasons(verdict, of, views, clusters) };
}

/** The verdict's reasons, in words that name the nodes. */
function reasons(
  verdict: Verdict,
  of: (wanted: Class) => ControlPlaneView[],
  views: readonly ControlPlaneView[],
  clusters: readonly (readonly ControlPlaneView[])[],
): string[] {
  switch (verdict) {
    case 'split':
      return clusters.map((group, i) => `cluster ${i + 1}: ${names(group)}`);
    case 'done':
      return [`all ${views.length} control planes are voting members of one cluster`];
    case 'joining':
      return views.filter((view) => !of('voter').includes(view)).map((view) => `${view.node} is ${joiningState(view)}`);
    case 'safe':
      return [
        `no control plane of ${views.length} holds etcd data`,
        ...views.filter((view) => roleOf(view) === 'assumed empty').map(({ node }) => `${node} is assumed to be empty`),
      ];
    case 'unknown':
      return untold(of, clusters);
  }
}

function untold(
  of: (wanted: Class) => ControlPlaneView[],
  [cluster]: readonly (readonly ControlPlaneView[])[],
): string[] {
  const [foreign, sick, unseen] = [of('foreign'), of('sick'), of('unseen')];
  if (foreign.length > 0) return [`${names(foreign)} ${foreign.length === 1 ? 'shows' : 'show'} another cluster's CA`];
  if (sick.length > 0 && cluster)
    return [`${names(sick)} ${sick.length === 1 ? 'runs' : 'run'} etcd, and ${names(cluster)} does not know of it`];
  if (sick.length > 0)
    return sick.map(
      ({ node, service, trouble }) =>
        `${node} has etcd in state ${service} and shows no members${trouble ? `: ${trouble}` : ''}`,
    );
  if (unseen.length > 0)
    return unseen.map((view) => `${view.node} was never seen empty (${view.trouble ?? view.class})`);
  return ['no control plane was asked'];
}

function joiningState(view: ControlPlaneView): string {
  const role = roleOf(view);
  if (role === 'learner') return 'a learner';
  if (role === 'member') return 'not a voting member in every list';
  return `not a member yet (${view.service ?? view.trouble ?? view.class})`;
}

const names = (views: readonly ControlPlaneView[]): string => views.map(({ node }) => node).join(', ');

const showMembers = (members: readonly EtcdMember[] | null): string =>
  members === null ? '-' : members.map((m) => `${m.hostname}${m.learner ? ' (learner)' : ''}`).join(', ');
