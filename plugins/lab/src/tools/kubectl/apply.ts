import type { ControlPlane } from '../../kubernetes/control-plane.ts';
import { conflictText } from '../../kubernetes/apply.ts';
import type { ResourceType } from '../../kubernetes/kinds.ts';
import type { KubeObject } from '../../kubernetes/object.ts';
import { isFields } from '../../kubernetes/object.ts';
import { documents, isObject, objectsOf } from '../../kubernetes/manifests/yaml.ts';
import { API_CALL } from '../common/access.ts';
import type { Flags } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type ToolCall } from '../tool.ts';
import { type Command, reach } from './command.ts';
import { unreached } from './failures.ts';
import { nameOf } from './get.ts';

type Read = { objects: { object: KubeObject; from: string }[] } | { problem: string };

/** `apply -f … [--server-side]`. The texts of both ways differ; what they come to is the same here. */
export const apply: Command = async (model, call, flags) => {
  if (flags.has('output') && flags.value('output') !== 'name')
    return notSimulated('kubectl', call.argv, 'apply with this output');
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'openapi');
  const read = manifests(call, flags);
  if ('problem' in read) return failed(read.problem);

  const dry = flags.value('dry-run');
  const lines: string[] = [];
  const errors: string[] = [];
  const known: { object: KubeObject; type: ResourceType }[] = [];
  for (const { object, from } of read.objects) {
    const type = access.plane.served(object.apiVersion, object.kind);
    if (type) known.push({ object, type });
    else errors.push(unmatched(object, from));
  }
  for (const { object, type } of known) {
    await call.spend(20);
    const placed = type.namespaced
      ? {
          ...object,
          metadata: {
            ...object.metadata,
            namespace: object.metadata.namespace ?? flags.value('namespace') ?? 'default',
          },
        }
      : object;
    const result = write(access.plane, call, type, placed, flags, dry);
    if ('error' in result) errors.push(result.error);
    else lines.push(flags.value('output') === 'name' ? nameOf(object) : `${nameOf(object)} ${result.line}`);
  }
  const stdout = lines.map((line) => `${line}\n`).join('');
  return errors.length === 0 ? printed(stdout) : failed(errors.join('\n'), stdout);
};

const suffix = (dry: string | undefined): string =>
  dry === 'server' ? ' (server dry run)' : dry === 'client' ? ' (dry run)' : '';

function write(
  plane: ControlPlane,
  call: ToolCall,
  type: ResourceType,
  object: KubeObject,
  flags: Flags,
  dry: string | undefined,
): { line: string } | { error: string } {
  const serverSide = flags.on('server-side');
  const manager = flags.value('field-manager') ?? (serverSide ? 'kubectl' : 'kubectl-client-side-apply');
  const by = { manager, force: !serverSide || flags.on('force-conflicts') };
  const invalid = invalidSecret(object);
  if (invalid !== undefined) return { error: invalid };
  const foreseen = plane.apply(type, object, { ...by, dry: true });
  if (foreseen.how === 'no-namespace') {
    const text = `namespaces "${foreseen.namespace}" not found`;
    return { error: `Error from server (NotFound): ${serverSide ? '' : 'error when creating "STDIN": '}${text}` };
  }
  if (foreseen.how === 'conflict') return { error: `error: ${conflictText(foreseen.conflicts)}\n${ADVICE}` };
  if (dry !== 'server' && dry !== 'client' && foreseen.how !== 'unchanged') {
    // A Lease is renewed by its holder all the time; it is not counted as a change of the world.
    if (type.kind !== 'Lease') call.change.made(`${nameOf(object)} ${foreseen.how}`);
    call.target(nameOf(object));
    plane.apply(type, object, by);
  }
  return { line: `${serverSide ? 'serverside-applied' : foreseen.how}${suffix(dry)}` };
}

const ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`;

const unmatched = (object: KubeObject, from: string): string =>
  `error: resource mapping not found for name: "${object.metadata.name}" namespace: "${object.metadata.namespace ?? ''}" from "${from}": ` +
  `no matches for kind "${object.kind}" in version "${object.apiVersion}"\nensure CRDs are installed first`;

/** The API server takes only base64 in a Secret's `data`. */
function invalidSecret(object: KubeObject): string | undefined {
  if (object.kind !== 'Secret' || !isFields(object['data'])) return undefined;
  for (const value of Object.values(object['data'])) {
    const text = String(value).replace(/\s/g, '');
    const bad = text.search(/[^A-Za-z0-9+/=]/);
    if (bad >= 0 || text.length % 4 !== 0)
      return `Error from server (BadRequest): Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${bad >= 0 ? bad : text.length - (text.length % 4)}`;
  }
  return undefined;
}

/** Reads every `-f`; the text that kubectl says of the first thing that is no object. */
export function manifests(call: ToolCall, flags: Flags): Read {
  const files = flags.values('filename');
  if (files.length === 0) return { problem: 'error: must specify one of -f and -k' };
  const objects: { object: KubeObject; from: string }[] = [];
  for (const file of files) {
    const from = file === '-' ? 'STDIN' : file;
    const bytes = file === '-' ? (call.stdin ?? new Uint8Array()) : call.read(file);
    if (bytes === undefined) return { problem: `error: the path "${file}" does not exist` };
    const parsed = documents(new TextDecoder().decode(bytes));
    if ('problem' in parsed)
      return {
        problem: `error: error parsing ${from}: error converting YAML to JSON: yaml: line ${parsed.problem.line}: ${parsed.problem.message}`,
      };
    for (const value of objectsOf(parsed.values)) {
      const missing = ['apiVersion', 'kind'].filter((field) => !isFields(value) || typeof value[field] !== 'string');
      if (missing.length > 0) {
        const what = missing.map((field) => `${field} not set`);
        const text = what.length === 1 ? what[0] : `[${what.join(', ')}]`;
        return {
          problem: `error: error validating "${from}": error validating data: ${text}; if you choose to ignore these errors, turn validation off with --validate=false`,
        };
      }
      if (!isObject(value) || typeof value.metadata.name !== 'string')
        return {
          problem: `error: error when retrieving current configuration of:\nfrom server for: "${from}": resource name may not be empty`,
        };
      objects.push({ object: value, from });
    }
  }
  return objects.length === 0 ? { problem: 'error: no objects passed to apply' } : { objects };
}

/** `diff --server-side`: exit 0 where nothing would change. A difference is shown by name only. */
export const diff: Command = async (model, call, flags) => {
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'openapi');
  const read = manifests(call, flags);
  if ('problem' in read) return failed(read.problem);
  for (const { object, from } of read.objects) {
    const type = access.plane.served(object.apiVersion, object.kind);
    if (type === undefined) return failed(unmatched(object, from));
    const result = access.plane.apply(type, object, {
      manager: flags.value('field-manager') ?? 'kubectl',
      force: flags.on('force-conflicts'),
      dry: true,
    });
    if (result.how !== 'unchanged') return notSimulated('kubectl', call.argv, 'a difference as text');
  }
  return printed('');
};
