/** Labels, annotations and taints of a node, as Talos checks them before Kubernetes would. */
type Texts = ReadonlyMap<string, string>;

export function labelFaults(labels: Texts): string[] {
  return sorted(labels).flatMap((key) => present(nameFault(key), valueFault(labels.get(key)!)));
}

const RESERVED = ['talos.dev/owned-labels', 'talos.dev/owned-annotations', 'talos.dev/owned-taints'];
const MOST_BYTES = 262_144;

export function annotationFaults(annotations: Texts): string[] {
  const faults = sorted(annotations).flatMap((key) =>
    present(nameFault(key), RESERVED.includes(key) ? `annotation ${JSON.stringify(key)} is reserved` : null),
  );
  const size = [...annotations].reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (size > MOST_BYTES) faults.push(`total annotation size exceeds limit of ${MOST_BYTES} bytes`);
  return faults;
}

export function taintFaults(taints: Texts): string[] {
  return sorted(taints).flatMap((key) => {
    const parts = taints.get(key)!.split(/:(.*)/s);
    const effect = parts.length > 1 ? parts[1]! : parts[0]!;
    const name = nameFault(key);
    if (name !== null) return [name];
    if (!['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(effect))
      return [`invalid taint effect: ${JSON.stringify(effect)}`];
    return parts.length > 1 ? present(valueFault(parts[0]!)) : [];
  });
}

const NAME = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const DOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

function nameFault(key: string): string | null {
  const quoted = JSON.stringify(key);
  const parts = key.split('/');
  const name = parts.at(-1)!;
  if (parts.length > 2) return `invalid format: too many slashes: ${quoted}`;
  if (parts.length === 2) {
    const prefix = JSON.stringify(parts[0]);
    if (parts[0] === '') return `prefix cannot be empty: ${quoted}`;
    if (parts[0]!.length > 253)
      return `prefix ${prefix} is invalid: domain name length exceeds limit of 253: ${prefix}`;
    if (!DOMAIN.test(parts[0]!)) return `prefix ${prefix} is invalid: domain doesn't match required format: ${prefix}`;
  }
  if (name === '') return `name cannot be empty: ${quoted}`;
  if (name.length > 63) return `name is too long: ${quoted} (limit is 63)`;
  return NAME.test(name) ? null : `name ${JSON.stringify(name)} is invalid`;
}

function valueFault(value: string): string | null {
  const quoted = JSON.stringify(value);
  if (value.length > 63) return `label value length exceeds limit of 63: ${quoted}`;
  return value === '' || NAME.test(value) ? null : `label value ${quoted} is invalid`;
}

function sorted(all: Texts): string[] {
  return [...all.keys()].sort((a, b) => (a < b ? -1 : 1));
}

function present(...faults: (string | null)[]): string[] {
  return faults.filter((fault) => fault !== null);
}
