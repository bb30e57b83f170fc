import type { Arg, Bytes, Facts, Json, MergeFn, Ref, Transform, World } from '@coldstart/contract';

/** Where an action's holes are filled from. */
export type Holes = {
  facts: Facts;
  seen: Facts;
  outs: Readonly<Record<string, Uint8Array>>;
  artefacts: Readonly<Record<string, Uint8Array>>;
  transforms: ReadonlyMap<string, Transform>;
  merges: ReadonlyMap<string, MergeFn>;
  world: World;
};

/** A hole that nothing fills: the action cannot be carried out. */
export class Unfilled extends Error {}

const utf8 = new TextEncoder();

/** The value of a hole: bytes of an output or artefact, else JSON. */
export function valueOf(ref: Ref, holes: Holes): Json | Uint8Array {
  const slash = ref.ref.indexOf('/');
  const [kind, name] = [ref.ref.slice(0, slash), ref.ref.slice(slash + 1)];
  const source: Readonly<Record<string, Json | Uint8Array>> | undefined =
    kind === 'fact'
      ? holes.facts
      : kind === 'seen'
        ? holes.seen
        : kind === 'out'
          ? holes.outs
          : kind === 'artefact'
            ? holes.artefacts
            : undefined;
  const value = source?.[name];
  if (value === undefined) throw new Unfilled(`${ref.ref} is not known`);
  if (!ref.path) return value;
  const base = value instanceof Uint8Array ? (JSON.parse(new TextDecoder().decode(value)) as Json) : value;
  return at(base, ref.path, ref.ref);
}

function at(value: Json, pointer: string, name: string): Json {
  let here: Json | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    here = Array.isArray(here) ? here[Number(key)] : typeof here === 'object' && here !== null ? here[key] : undefined;
    if (here === undefined) throw new Unfilled(`${name} has no ${pointer}`);
  }
  return here;
}

function text(value: Json | Uint8Array, name: string): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unfilled(`${name} is not a text`);
}

/** One argument, filled: a list where a hole holds a list. */
export async function fillArg(arg: Arg, holes: Holes): Promise<string[]> {
  if (typeof arg === 'string') return [arg];
  if ('join' in arg)
    return [arg.join.map((p) => (typeof p === 'string' ? p : text(valueOf(p, holes), p.ref))).join('')];
  if ('file' in arg) return [await holes.world.scratch('file', await fillBytes(arg.file, holes))];
  const value = valueOf(arg, holes);
  if (Array.isArray(value)) return value.map((v) => text(v, arg.ref));
  return [text(value, arg.ref)];
}

export async function fillArgv(argv: readonly Arg[], holes: Holes): Promise<string[]> {
  const parts: string[] = [];
  for (const arg of argv) parts.push(...(await fillArg(arg, holes)));
  return parts;
}

export async function fillOne(arg: Arg, holes: Holes): Promise<string> {
  return (await fillArg(arg, holes)).join('');
}

export async function fillBytes(bytes: Bytes, holes: Holes): Promise<Uint8Array> {
  if ('text' in bytes) return utf8.encode(bytes.text);
  if ('read' in bytes) {
    const content = await holes.world.read(bytes.read);
    if (!content) throw new Unfilled(`${bytes.read} is not there`);
    return content;
  }
  if ('ref' in bytes) {
    const value = valueOf(bytes, holes);
    if (value instanceof Uint8Array) return value;
    return utf8.encode(typeof value === 'string' ? value : JSON.stringify(value));
  }
  const fn = holes.transforms.get(bytes.fn);
  if (!fn) throw new Unfilled(`the transform ${bytes.fn} is not installed`);
  const inputs: Uint8Array[] = [];
  for (const input of bytes.in) inputs.push(await fillBytes(input, holes));
  return fn(inputs, bytes.with);
}
