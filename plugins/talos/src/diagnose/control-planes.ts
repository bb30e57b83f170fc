import type { Look, Signal } from '@coldstart/contract';
import { gatherViews } from '../detector/gather.ts';
import { roleOf } from '../detector/role.ts';
import type { ControlPlaneView } from '../detector/view.ts';
import { controlPlanesOf } from '../facts.ts';
import { reachOf } from '../node/ask.ts';
import { inspectNode } from '../node/inspect.ts';

/** All that the control planes tell, each by itself and together. */
export async function diagnoseControlPlanes(look: Look): Promise<Signal[]> {
  const [each, views] = await Promise.all([
    Promise.all(controlPlanesOf(look.facts).map((node) => inspectNode(look.world, reachOf(look.facts), node))),
    gatherViews(look.world, look.facts, look.past),
  ]);
  return [...lostQuorum(views), ...strangeData(views, look), ...each.flat()];
}

/** etcd runs and tells nobody its members: it has no leader. */
function lostQuorum(views: readonly ControlPlaneView[]): Signal[] {
  const running = views.filter((view) => view.service === 'Running');
  if (running.length === 0 || views.length < 2 || views.some((view) => view.members !== null)) return [];
  const silent = views.filter((view) => view.class !== 'configured').map((view) => view.node);
  if (silent.length * 2 < views.length) return [];
  return [
    {
      name: 'etcd quorum',
      expected: 'a majority of the members',
      observed: `no leader; ${silent.join(', ')} ${silent.length === 1 ? 'does' : 'do'} not answer`,
      ok: false,
      source: 'talosctl services, etcd members',
    },
  ];
}

/** etcd that started before anybody bootstrapped it has data that this generation did not make. */
function strangeData(views: readonly ControlPlaneView[], { past }: Look): Signal[] {
  if (past.some(({ step, action }) => step === 'talos/bootstrap' && action === 'bootstrap')) return [];
  return views
    .filter((view) => roleOf(view) === 'unhealthy' && view.service === 'Running')
    .map((view) => ({
      name: 'etcd data',
      subject: view.node,
      expected: 'none before bootstrap',
      observed: 'etcd runs, and no bootstrap was sent',
      ok: false,
      source: 'talosctl services',
    }));
}
