/** Whether a text is an IPv4 or IPv6 address, without a prefix length. */
export function isAddress(text: string): boolean {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text))
    return text.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);
  return text.includes(':') && /^[0-9a-f:.]{2,45}$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

/** Whether a text can be a DNS name. What consists of digits and dots is meant as an address. */
export const isHostname = (text: string): boolean =>
  text.length <= 253 &&
  !/^[\d.]+$/.test(text) &&
  /^[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/i.test(text);

/**
 * The address of an entry of `addresses:` where it can be a node's own: not link-local, and not a single host's (/32, /128),
 * which is how loopbacks and anycast addresses are written. Null otherwise.
 */
export function nodeAddress(entry: string): string | null {
  const [address = '', prefix] = entry.split('/');
  if (!isAddress(address)) return null;
  if (address.startsWith('169.254.') || /^fe[89ab]/i.test(address)) return null;
  if (prefix === '32' || prefix === '128') return null;
  return address;
}

/** The IP address that a file's name holds: `192.0.2.11.yaml`, `infra-192.0.2.11.yaml`. */
export function addressInName(path: string): string | null {
  const name = path.split('/').at(-1) ?? '';
  const found = /(?:^|[^\d.])(\d{1,3}(?:\.\d{1,3}){3})(?=[^\d]|$)/.exec(name)?.[1];
  return found && isAddress(found) ? found : null;
}
