import { bytesOf, durationOf, urlOf } from './go-values.ts';
import { numberOf, type MapNode, type Node, type ScalarNode, type Unknown } from './go-yaml.ts';
import { talosTypes } from './talos-types.ts';
import { Undecodable } from './undecodable.ts';

/** A type of Talos' configuration: its keys with their types, or the type that it stands for. */
type Type = { keys: ReadonlyMap<string, string> } | { is: string };

let types: Map<string, Type> | null = null;
const kinds = new Map<string, string>();

function table(): Map<string, Type> {
  if (types) return types;
  types = new Map();
  for (const line of talosTypes.trim().split('\n')) {
    const [name, ...rest] = line.split(' ');
    if (name!.startsWith('@')) kinds.set(name!.slice(1), rest[0]!);
    else if (rest[0] === '=') types.set(name!, { is: rest[1]! });
    else types.set(name!, { keys: new Map(pairs(rest)) });
  }
  return types;
}

function* pairs(words: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < words.length; at += 2) yield [words[at]!, words[at + 1]!];
}

/** The type of a further document of this kind; undefined where Talos has none. */
export function typeOfKind(kind: string): string | undefined {
  table();
  return kinds.get(kind);
}

const PEM = '"yaml:\\"crt\\""; Key string "yaml:\\"key\\"" }';
/** How Go names what a type with a decoder of its own is decoded into. */
const NAMES: Readonly<Record<string, string>> = {
  'x509.PEMEncodedCertificateAndKey': `struct { Crt string ${PEM}`,
  'x509.PEMEncodedCertificate': 'struct { Crt string "yaml:\\"crt\\"" }',
  'x509.PEMEncodedKey': 'struct { Key string "yaml:\\"key\\"" }',
  'v1alpha1.Env': 'map[string]string',
  'v1alpha1.ClusterInlineManifests': '[]v1alpha1.ClusterInlineManifest',
};
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  int: [-(2 ** 63), 2 ** 63],
  int64: [-(2 ** 63), 2 ** 63],
  uint: [0, 2 ** 64],
  uint64: [0, 2 ** 64],
  uint32: [0, 2 ** 32 - 1],
  'os.FileMode': [0, 2 ** 32 - 1],
  uint16: [0, 65_535],
  uint8: [0, 255],
};
/** Values that stand in a text and are looked into: what is wrong with them, or null. */
const TEXTS: Readonly<Record<string, (text: string) => string | null>> = {
  'v1alpha1.Endpoint': (text) => urlOf(text).fault ?? null,
  'v1alpha1.DiskSize': (text) => bytesOf(text).fault ?? null,
  'v1alpha1.Base64Bytes': illegalBase64,
  'v1alpha1.InstallDiskSizeMatcher': (text) => {
    const size = /^(?:>=|<=|>|<|==)?(.*)$/s.exec(text.trim())![1]!;
    const { fault } = bytesOf(size.trim());
    return fault ? `failed to parse disk size ${size}: ${fault}` : null;
  },
};
const NOTHING = Symbol('no value');

/** Reads a node as a value of a Go type, or throws with all that is of another kind, in Talos' words. */
export class Decoder {
  readonly #faults: string[] = [];
  readonly #open = new Set<Node>();
  #made = 0;
  #throughAliases = 0;
  #depth = 0;

  decode(node: Node, type: string): { [key: string]: unknown } {
    table();
    const value = this.#value(node, type);
    if (this.#faults.length > 0)
      throw new Undecodable(
        'document',
        `yaml: construct errors:${this.#faults.map((fault) => `\n  ${fault}`).join('')}`,
      );
    return value === NOTHING ? {} : (value as { [key: string]: unknown });
  }

  #value(node: Node, wanted: string): unknown {
    this.#made += 1;
    if (this.#depth > 0) this.#throughAliases += 1;
    if (this.#throughAliases > 100 && this.#made > 1000 && this.#throughAliases / this.#made > 0.99)
      throw new Undecodable('document', 'yaml: document contains excessive aliasing');
    if (node.kind === 'alias') return this.#alias(node, wanted);
    if (node.kind === 'scalar' && node.odd !== undefined) throw new Undecodable('document', node.odd);
    if (node.kind === 'scalar' && node.tag === '!!null') return NOTHING;
    const type = wanted.replace(/^\*+/, '');
    const stands = types!.get(type);
    if (type in TEXTS) return this.#text(node, type);
    if (type === 'v1alpha1.ArgValue') return this.#argument(node);
    if (stands && 'is' in stands) return this.#typed(node, stands.is, NAMES[type] ?? type);
    return this.#typed(node, type, NAMES[type] ?? type);
  }

  #alias(node: Node & { kind: 'alias' }, wanted: string): unknown {
    if (this.#open.has(node)) throw new Undecodable('document', `yaml: anchor '${node.name}' value contains itself`);
    this.#open.add(node);
    this.#depth += 1;
    const value = this.#value(node.target(), wanted);
    this.#depth -= 1;
    this.#open.delete(node);
    return value;
  }

  #typed(node: Node, type: string, name: string): unknown {
    if (type === 'any') return this.#free(node);
    const element = /^(?:\[\]|map\[string\])/.exec(type)?.[0];
    const keys = types!.get(type);
    if (element === '[]') {
      if (node.kind !== 'seq') return this.#other(node, name);
      // A null in a list is left out, unless a pointer may be it.
      return node.items
        .map((item) => this.#value(item, type.slice(2)))
        .map((value) => (value === NOTHING ? null : value));
    }
    if (element) return node.kind === 'map' ? this.#map(node, type.slice(element.length)) : this.#other(node, name);
    if (keys && 'keys' in keys)
      return node.kind === 'map' ? this.#struct(node, type, keys.keys) : this.#other(node, name);
    if (['string', 'bool', 'time.Duration'].includes(type) || type in RANGES)
      return node.kind === 'scalar' ? this.#scalar(node, type, name) : this.#other(node, name);
    // A type of another module, with a decoder of its own.
    return this.#free(node);
  }

  #struct(node: MapNode, type: string, keys: ReadonlyMap<string, string>): unknown {
    if (this.#repeats(node)) return NOTHING;
    const tree: { [key: string]: unknown } = {};
    for (const { key, value } of node.entries) {
      const name = key.kind === 'scalar' ? key.value : '';
      const field = keys.get('*') ? 'any' : keys.get(name);
      if (field === undefined) continue;
      const made = this.#value(value, field);
      if (made !== NOTHING) tree[name] = made;
    }
    if (type.startsWith('x509.'))
      for (const part of ['crt', 'key']) {
        const fault = tree[part] === '******' ? null : illegalBase64(String(tree[part] ?? ''));
        if (fault !== null) {
          this.#faults.push(`line ${node.line}: ${fault}`);
          break;
        }
      }
    return tree;
  }

  #map(node: MapNode, element: string): unknown {
    if (this.#repeats(node)) return NOTHING;
    const tree: { [key: string]: unknown } = {};
    for (const { key, value } of node.entries) {
      const made = this.#value(value, element);
      if (key.kind !== 'scalar') this.#other(key, 'string');
      else if (key.tag === '!!merge') Object.assign(tree, { ...(made as object), ...tree });
      else if (made !== NOTHING) tree[key.value] = made;
      else tree[key.value] = element === 'string' ? '' : null;
    }
    return tree;
  }

  #free(node: Node): unknown {
    if (node.kind === 'map') return this.#map(node, 'any');
    if (node.kind === 'seq') {
      const values = node.items.map((item) => this.#value(item, 'any'));
      return values.map((value) => (value === NOTHING ? null : value));
    }
    if (node.kind === 'alias') return this.#value(node, 'any');
    if (node.tag === '!!bool') return node.value.toLowerCase() === 'true';
    return node.tag === '!!int' || node.tag === '!!float' ? numberOf(node.value) : node.value;
  }

  #scalar(node: ScalarNode, type: string, name: string): unknown {
    const { tag, value } = node;
    if (type === 'string') return tag === '!!binary' ? Buffer.from(value, 'base64').toString() : value;
    if (type === 'bool') {
      if (tag === '!!bool') return value.toLowerCase() === 'true';
      if (tag === '!!str' && node.shown === value && /^(?:y|Y|yes|Yes|YES|on|On|ON)$/.test(value)) return true;
      if (tag === '!!str' && node.shown === value && /^(?:n|N|no|No|NO|off|Off|OFF)$/.test(value)) return false;
      return this.#other(node, name);
    }
    if (type === 'time.Duration') {
      const duration = tag === '!!str' ? durationOf(value) : tag === '!!int' && numberOf(value) === 0 ? 0 : null;
      return duration ?? this.#other(node, name);
    }
    const number = tag === '!!int' || tag === '!!float' ? numberOf(value) : Number.NaN;
    const [least, most] = RANGES[type]!;
    return Number.isInteger(number) && number >= least && number <= most ? number : this.#other(node, name);
  }

  #text(node: Node, type: string): unknown {
    if (node.kind !== 'scalar') return this.#other(node, 'string');
    const fault = TEXTS[type]!(node.value);
    if (fault === null) return node.value;
    this.#faults.push(`line ${node.line}: ${fault}`);
    return NOTHING;
  }

  #argument(node: Node): unknown {
    if (node.kind === 'scalar') return node.value;
    const items = node.kind === 'seq' ? node.items : [];
    if (node.kind === 'seq' && items.every((item) => item.kind === 'scalar'))
      return items.map((item) => (item as ScalarNode).value);
    this.#faults.push(`line ${node.line}: arg value must be a string or list of strings`);
    return NOTHING;
  }

  #repeats(node: MapNode): boolean {
    const before = this.#faults.length;
    const seen = new Map<string, number>();
    for (const { key } of node.entries) {
      if (key.kind !== 'scalar') continue;
      const first = seen.get(key.value);
      if (first === undefined) seen.set(key.value, key.line);
      else
        this.#faults.push(
          `line ${key.line}: mapping key ${JSON.stringify(key.value)} already defined at line ${first}`,
        );
    }
    return this.#faults.length > before;
  }

  #other(node: Node, name: string): typeof NOTHING {
    const is = node.kind === 'scalar' ? node.tag : node.kind === 'map' ? '!!map' : '!!seq';
    const value =
      node.kind === 'scalar' ? ` \`${node.value.length > 10 ? `${node.value.slice(0, 7)}...` : node.value}\`` : '';
    this.#faults.push(`line ${node.line}: cannot construct ${is}${value} into ${name}`);
    return NOTHING;
  }
}

/** The keys of a document that its type lacks, or null. An alias is not looked into. */
export function unknownKeys(node: Node, wanted: string): Unknown | null {
  let type = wanted.replace(/^\*+/, '');
  const stands = table().get(type);
  const named = type;
  if (stands && 'is' in stands) type = stands.is;
  if (node.kind === 'seq') {
    if (type === 'any') return null;
    if (named === 'v1alpha1.ArgValue') throw new Undecodable('document', `unexpected type for yaml sequence: ${named}`);
    const found = node.items.map((item) => unknownKeys(item, type.slice(2))).filter((one) => one !== null);
    return found.length > 0 ? found : null;
  }
  if (node.kind !== 'map' || type === 'any') return null;
  const known = stands && 'keys' in stands ? stands.keys : null;
  if (known?.has('*') || (!known && !type.startsWith('map['))) return null;
  const unknown: Unknown = new Map();
  for (const { key, value } of node.entries) {
    const name = key.kind === 'scalar' ? key.value : '';
    const field = known ? known.get(name) : type.slice('map[string]'.length);
    if (field === undefined) unknown.set(name, value);
    else {
      const inner = unknownKeys(value, field);
      if (inner) unknown.set(name, inner);
    }
  }
  return unknown.size > 0 ? unknown : null;
}

/** Go's message for what is no base64, or null. Line breaks do not count as wrong. */
function illegalBase64(text: string): string | null {
  const illegal = (at: number): string => `illegal base64 data at input byte ${at}`;
  let digits = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter === '\n' || letter === '\r') continue;
    if (/[A-Za-z0-9+/]/.test(letter)) digits += 1;
    else if (letter !== '=' || digits % 4 < 2) return illegal(at);
    else {
      const rest = text.slice(at).replaceAll(/[\r\n]/g, '');
      if (digits % 4 === 2 && rest[1] !== '=') return illegal(rest.length < 2 ? text.length : at + 1);
      const wanted = digits % 4 === 2 ? 2 : 1;
      return rest.length === wanted ? null : illegal(at + wanted);
    }
  }
  return digits % 4 === 0 ? null : illegal(text.length - (digits % 4));
}
