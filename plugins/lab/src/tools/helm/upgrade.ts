import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { begin, manifests, refusal, send, type Wanted } from '../../kubernetes/install.ts';
import { findType, BUILT_IN, type ResourceType } from '../../kubernetes/kinds.ts';
import { at, type KubeObject } from '../../kubernetes/object.ts';
import type { Stored } from '../../kubernetes/store.ts';
import { API_CALL } from '../common/access.ts';
import { Interrupted, type ToolCall } from '../tool.ts';
import type { HelmRelease } from '../../kubernetes/releases.ts';

export type UpgradeOptions = { wait: boolean; timeout: number; createNamespace: boolean };
export type Upgraded =
  | { release: HelmRelease; installed: boolean }
  | { error: string; installed: boolean; /** It was asked to end, and did. */ signal?: 'SIGINT' | 'SIGTERM' };

const NAMESPACE = findType(BUILT_IN, 'Namespace') as ResourceType;
const LOOK = 500;

/**
 * `helm upgrade --install`: a pending revision first, then the objects, then the wait, then the verdict on the revision.
 * Who gets SIGINT or SIGTERM in the middle marks the revision failed (`context canceled`), as Helm does; who gets SIGKILL
 * leaves it pending.
 */
export async function upgradeInstall(
  plane: ControlPlane,
  call: ToolCall,
  wanted: Wanted,
  options: UpgradeOptions,
): Promise<Upgraded> {
  const installed = plane.releases.last(wanted.namespace, wanted.name) === undefined;
  const frame = (why: string): string => (installed ? why : `UPGRADE FAILED: ${why}`);
  const objects = manifests(plane, wanted);
  const refused = refusal(plane, wanted, objects);
  if (refused !== undefined) return { error: frame(refused), installed };

  call.target(`${wanted.namespace}/${wanted.name}`);
  if (!plane.store.hasNamespace(wanted.namespace)) {
    if (!options.createNamespace)
      return { error: frame(`create: failed to create: namespaces "${wanted.namespace}" not found`), installed };
    call.change.made(`namespace/${wanted.namespace} created`);
    plane.apply(
      NAMESPACE,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: wanted.namespace, labels: { name: wanted.namespace } } },
      { manager: 'helm', force: true },
    );
  }
  call.change.made(`release ${wanted.namespace}/${wanted.name} pending`);
  const release = begin(plane, wanted, objects, plane.now);
  const fail = (why: string): Upgraded => {
    call.change.made(`release ${wanted.namespace}/${wanted.name} failed`);
    plane.releases.settle(release, 'failed', `Release "${wanted.name}" failed: ${why}`);
    return { error: frame(why), installed };
  };

  try {
    return await carryOut(plane, call, wanted, options, release, objects, { installed, fail });
  } catch (error) {
    if (!(error instanceof Interrupted) || error.signal === 'SIGKILL') throw error;
    return { ...fail('context canceled'), signal: error.signal } as Upgraded;
  }
}

async function carryOut(
  plane: ControlPlane,
  call: ToolCall,
  wanted: Wanted,
  options: UpgradeOptions,
  release: HelmRelease,
  objects: KubeObject[],
  { installed, fail }: { installed: boolean; fail: (why: string) => Upgraded },
): Promise<Upgraded> {
  // Helm's own definitions are sent first, and waited for.
  const isDefinition = (kind: string): boolean => kind === 'CustomResourceDefinition';
  for (const part of [
    objects.filter((each) => isDefinition(each.kind)),
    objects.filter((each) => !isDefinition(each.kind)),
  ]) {
    if (part.length === 0) continue;
    await call.spend(API_CALL + 15 * part.length);
    call.change.made(`objects of release ${wanted.namespace}/${wanted.name} applied`);
    const sent = send(plane, part, wanted.namespace, { manager: 'helm', at: plane.now });
    if ('problem' in sent) return fail(sent.problem);
    if (part.some((each) => isDefinition(each.kind)))
      await until(
        call,
        plane,
        () => sent.written.every((stored) => plane.established(stored) <= plane.now),
        plane.now + 60_000,
      );
  }
  if (plane.model.faults.strike('release-pending', wanted.name)) return { error: 'signal: killed', installed };
  if (options.wait) {
    const deadline = plane.now + options.timeout;
    const late = (): Stored | undefined => {
      plane.catchUp();
      return plane.objectsOf(release).find((stored) => plane.readyAt(stored) > plane.now);
    };
    await until(call, plane, () => late() === undefined, deadline);
    const stuck = late();
    if (stuck)
      return fail(
        `resource ${stuck.object.kind}/${stuck.object.metadata.namespace ?? ''}/${stuck.object.metadata.name} not ready. status: InProgress, message: ${available(plane, stuck)}\ncontext deadline exceeded`,
      );
  }
  call.change.made(`release ${wanted.namespace}/${wanted.name} deployed`);
  plane.releases.settle(release, 'deployed', installed ? 'Install complete' : 'Upgrade complete');
  return { release, installed };
}

async function until(call: ToolCall, plane: ControlPlane, met: () => boolean, deadline: number): Promise<void> {
  while (!met() && plane.now < deadline) await call.spend(Math.min(LOOK, deadline - plane.now));
}

/** As kstatus words it: `Available: 0/1` for both kinds of workload. */
function available(plane: ControlPlane, stored: Stored): string {
  const object = plane.shown(stored);
  const have = Number(at(object, 'status', 'numberAvailable') ?? at(object, 'status', 'availableReplicas') ?? 0);
  const want = Number(at(object, 'status', 'desiredNumberScheduled') ?? at(object, 'spec', 'replicas') ?? 0);
  return `Available: ${have}/${want}`;
}
