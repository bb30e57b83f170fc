/** A URL as Go's net/url parses it, and why not. */
export type GoUrl = { scheme: string; host: string; hostname: string; port: string; path: string; fault?: string };

/** `request` as Go's ParseRequestURI: absolute, or a path. */
export function urlOf(text: string, request = false): GoUrl {
  const url: GoUrl = { scheme: '', host: '', hostname: '', port: '', path: '' };
  const wrong = (why: string): GoUrl => ({ ...url, fault: `parse ${JSON.stringify(text)}: ${why}` });
  // oxlint-disable-next-line no-control-regex -- these are what Go refuses
  if (/[\u0000-\u001f\u007f]/.test(text)) return wrong('net/url: invalid control character in URL');
  let rest = request ? text : text.replace(/#.*$/s, '');
  if (rest === '' && request) return wrong('empty url');
  if (rest.startsWith(':')) return wrong('missing protocol scheme');
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(rest)?.[1];
  if (scheme !== undefined) {
    url.scheme = scheme.toLowerCase();
    rest = rest.slice(scheme.length + 1);
  }
  rest = rest.replace(/\?.*$/s, '');
  if (!rest.startsWith('/')) {
    if (scheme !== undefined) return url;
    if (request) return wrong('invalid URI for request');
    if (rest.split('/')[0]!.includes(':')) return wrong('first path segment in URL cannot contain colon');
  }
  if (rest.startsWith('//') && (scheme !== undefined || (!request && !rest.startsWith('///')))) {
    const authority = /^\/\/([^/]*)/.exec(rest)![1]!;
    rest = rest.slice(authority.length + 2);
    url.host = authority.slice(authority.lastIndexOf('@') + 1);
    const bracketed = /^\[([^\]]*)\]?(.*)$/.exec(url.host);
    if (bracketed && !url.host.includes(']')) return wrong("missing ']' in host");
    const colon = bracketed ? bracketed[2]! : (/:.*$/s.exec(url.host)?.[0] ?? '');
    if (!/^(?::\d*)?$/.test(colon)) return wrong(`invalid port ${JSON.stringify(colon)} after host`);
    const odd = /[\s<>"\\^`{|}]/.exec(url.host)?.[0];
    if (odd !== undefined) return wrong(`invalid character ${JSON.stringify(odd)} in host name`);
    url.port = colon.slice(1);
    url.hostname = bracketed ? bracketed[1]! : url.host.slice(0, url.host.length - colon.length);
  }
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(rest)?.[0];
  if (escape !== undefined) return wrong(`invalid URL escape ${JSON.stringify(escape)}`);
  url.path = rest;
  return url;
}

/** What Talos finds wrong with an endpoint, or null. */
export function endpointFault(text: string): string | null {
  const { fault, hostname, host, port } = urlOf(text);
  if (fault !== undefined) return fault;
  if (host.split(':').length > 3 && !/\[.*\]/.test(host)) return 'IPv6 addresses MUST be enclosed by square brackets';
  if (hostname === '') return 'hostname must not be blank';
  if (port !== '' && (Number(port) < 1 || Number(port) > 65_535)) return 'port number must be between 1 and 65535';
  return null;
}

/** Bits of an address: 32, 128, or 0 where it is none. */
export function addressBits(text: string): 0 | 32 | 128 {
  const part = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
  const v4 = new RegExp(`^${part}(?:\\.${part}){3}$`);
  if (v4.test(text)) return 32;
  const tail = /^(.*:)([\d.]+\.[\d.]+)$/.exec(text);
  if (tail && !v4.test(tail[2]!)) return 0;
  const six = tail ? `${tail[1]}0:0` : text;
  const halves = six.split('::');
  if (halves.length > 2 || !six.includes(':')) return 0;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return 0;
  return (halves.length === 2 ? groups.length < 8 : groups.length === 8) ? 128 : 0;
}

/** Whether it is an address with the length of a prefix behind it. */
export function isNetwork(text: string): boolean {
  const [address, length, ...more] = text.split('/');
  const bits = addressBits(address!);
  return bits > 0 && more.length === 0 && /^(?:0|[1-9]\d*)$/.test(length ?? '') && Number(length) <= bits;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 0,
  b: 0,
  k: 1,
  kb: 1,
  m: 2,
  mb: 2,
  g: 3,
  gb: 3,
  t: 4,
  tb: 4,
  p: 5,
  pb: 5,
  e: 6,
  eb: 6,
};

/** A size such as 400GB or 1TiB in bytes, and why not. */
export function bytesOf(text: string): { bytes: number; fault?: string } {
  const digits = /^[\d.,]*/.exec(text)![0].replaceAll(',', '');
  const wrong = (fault: string) => ({ bytes: Number.NaN, fault });
  if (digits === '' || digits.split('.').length > 2 || digits === '.')
    return wrong(`strconv.ParseFloat: parsing ${JSON.stringify(digits)}: invalid syntax`);
  const unit = text
    .slice(/^[\d.,]*/.exec(text)![0].length)
    .trim()
    .toLowerCase();
  const power = UNITS[unit.replace('i', '')];
  if (power === undefined || unit === 'i' || unit === 'ib') return wrong(`unhandled size name: ${unit}`);
  return { bytes: Math.floor(Number(digits) * (unit.includes('i') ? 1024 : 1000) ** power) };
}

/** A duration such as 1h30m in milliseconds, or null. */
export function durationOf(text: string): number | null {
  const match = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)$/.exec(text);
  if (!match) return null;
  const each: Readonly<Record<string, number>> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    μs: 1e-3,
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
  };
  let sum = 0;
  for (const [, size, unit] of match[2]!.matchAll(/([\d.]+)([^\d.]+)/g)) sum += Number(size) * each[unit!]!;
  return match[1] === '-' ? -sum : sum;
}
