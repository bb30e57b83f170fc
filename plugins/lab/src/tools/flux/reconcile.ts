import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { noteOf, setNote } from '../../kubernetes/flux/status.ts';
import { findType, type ResourceType } from '../../kubernetes/kinds.ts';
import { at, isTrue, textAt } from '../../kubernetes/object.ts';
import type { Stored } from '../../kubernetes/store.ts';
import type { Model } from '../../model.ts';
import { type Flags, goDuration } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type ToolCall, type ToolResult } from '../tool.ts';
import { unserved } from './unserved.ts';

const GIT = {
  definition: 'gitrepositories.source.toolkit.fluxcd.io',
  kind: 'GitRepository',
  human: 'source git',
  done: 'fetched revision',
};
const KUSTOMIZATION = {
  definition: 'kustomizations.kustomize.toolkit.fluxcd.io',
  kind: 'Kustomization',
  human: 'kustomization',
  done: 'applied revision',
};
type Kind = typeof GIT;

/** `reconcile kustomization NAME [--with-source]`, `reconcile source git NAME`: annotates, and waits until it was dealt with. */
export async function reconcile(plane: ControlPlane, _model: Model, call: ToolCall, flags: Flags): Promise<ToolResult> {
  const asked = objectOf(call, flags.words.slice(1));
  const namespace = flags.value('namespace') ?? 'flux-system';
  const timeout = goDuration(flags.value('timeout') ?? '5m') ?? 300_000;
  const none = unserved(plane, asked.kind.definition);
  if (none) return none;
  const found = find(plane, asked.kind, namespace, asked.name);
  if (found === undefined) return failed(`✗ ${asked.kind.definition} "${asked.name}" not found`);
  if (at(found.stored.object, 'spec', 'suspend') === true) return failed('✗ resource is suspended');
  const lines: string[] = [];
  if (flags.on('with-source') && asked.kind === KUSTOMIZATION) {
    const name = textAt(found.stored.object, 'spec', 'sourceRef', 'name') ?? '';
    const source = find(plane, GIT, textAt(found.stored.object, 'spec', 'sourceRef', 'namespace') ?? namespace, name);
    if (source === undefined) return failed(`✗ ${GIT.definition} "${name}" not found`);
    if (!(await again(plane, call, GIT, source, timeout, lines))) return failed(lines.join('\n'));
  }
  return (await again(plane, call, asked.kind, found, timeout, lines))
    ? printed('', `${lines.join('\n')}\n`)
    : failed(lines.join('\n'));
}

/** `suspend|resume kustomization NAME`. */
export async function suspension(
  plane: ControlPlane,
  _model: Model,
  call: ToolCall,
  flags: Flags,
): Promise<ToolResult> {
  const [verb, ...words] = flags.words;
  const { kind, name } = objectOf(call, words);
  const namespace = flags.value('namespace') ?? 'flux-system';
  const none = unserved(plane, kind.definition);
  if (none) return none;
  const found = find(plane, kind, namespace, name);
  if (found === undefined) return failed(`✗ ${kind.definition} "${name}" not found`);
  const suspend = verb === 'suspend';
  const lines = [`► ${suspend ? 'suspending' : 'resuming'} ${kind.human} ${name} in ${namespace} namespace`];
  const { object } = found.stored;
  call.target(`${kind.kind} ${namespace}/${name}`);
  if ((at(object, 'spec', 'suspend') === true) !== suspend) {
    call.change.made(`${kind.kind} ${namespace}/${name} ${suspend ? 'suspended' : 'resumed'}`);
    plane.apply(
      found.type,
      { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace }, spec: { suspend } },
      { manager: 'flux', force: true },
    );
  }
  lines.push(`✔ ${kind.human} ${suspend ? 'suspended' : 'resumed'}`);
  if (suspend) return printed('', `${lines.join('\n')}\n`);
  lines.push(`◎ waiting for ${kind.kind} reconciliation`);
  const timeout = goDuration(flags.value('timeout') ?? '5m') ?? 300_000;
  const revision = await readyWithin(plane, call, kind, namespace, name, timeout);
  if (revision === undefined) return failed([...lines, '✗ context deadline exceeded'].join('\n'));
  return printed(
    '',
    `${[...lines, `✔ ${kind.kind} ${name} reconciliation completed`, `✔ ${kind.done} ${revision}`].join('\n')}\n`,
  );
}

function objectOf(call: ToolCall, words: string[]): { kind: Kind; name: string } {
  const [what = '', second, third] = words;
  if (['kustomization', 'ks'].includes(what) && second !== undefined) return { kind: KUSTOMIZATION, name: second };
  if (what === 'source' && second === 'git' && third !== undefined) return { kind: GIT, name: third };
  return notSimulated('flux', call.argv);
}

function find(
  plane: ControlPlane,
  kind: Kind,
  namespace: string,
  name: string,
): { type: ResourceType; stored: Stored } | undefined {
  const type = findType(plane.types(), kind.definition);
  const stored = type && plane.store.get(type, namespace, name);
  return type && stored ? { type, stored } : undefined;
}

async function again(
  plane: ControlPlane,
  call: ToolCall,
  kind: Kind,
  found: { type: ResourceType; stored: Stored },
  timeout: number,
  lines: string[],
): Promise<boolean> {
  const { name, namespace = '' } = found.stored.object.metadata;
  lines.push(
    `► annotating ${kind.kind} ${name} in ${namespace} namespace`,
    `✔ ${kind.kind} annotated`,
    `◎ waiting for ${kind.kind} reconciliation`,
  );
  call.target(`${kind.kind} ${namespace}/${name}`);
  call.change.made(`${kind.kind} ${namespace}/${name} annotated`);
  const { object } = found.stored;
  const annotations = { 'reconcile.fluxcd.io/requestedAt': plane.model.clock.wall() };
  plane.apply(
    found.type,
    { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace, annotations } },
    { manager: 'flux', force: true },
  );
  const note = noteOf(plane, found.stored);
  // Asked to, the controller looks again at once.
  if (note?.next !== undefined) setNote(plane, found.stored, { ...note, next: plane.now });
  plane.touch();
  await call.spend(1500);
  const revision = await readyWithin(plane, call, kind, namespace, name, timeout);
  lines.push(revision === undefined ? '✗ context deadline exceeded' : `✔ ${kind.done} ${revision}`);
  return revision !== undefined;
}

async function readyWithin(
  plane: ControlPlane,
  call: ToolCall,
  kind: Kind,
  namespace: string,
  name: string,
  timeout: number,
): Promise<string | undefined> {
  for (const until = plane.now + timeout; ;) {
    plane.catchUp();
    const object = find(plane, kind, namespace, name)?.stored.object;
    if (object && isTrue(object, 'Ready'))
      return textAt(object, 'status', 'lastAppliedRevision') ?? textAt(object, 'status', 'artifact', 'revision') ?? '';
    if (plane.now >= until) return undefined;
    await call.spend(Math.min(500, until - plane.now));
  }
}
