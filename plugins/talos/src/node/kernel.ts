import type { Signal } from '@coldstart/contract';
import type { KernelLine } from '../talosctl/dmesg.ts';

const SOURCE = 'talosctl dmesg';
/** What lies further back than this from the newest line is another story: a disk that was changed, a cable that was pulled. */
const RECENT = 15 * 60_000;
/** Lines that are shown whatever they say, and how much of each. */
const SHOWN = 10;
const WIDTH = 160;

const DISK = [
  /\bI\/O error, dev (\w+)/,
  /\bcritical (?:medium|target) error, dev (\w+)/,
  /\bBuffer I\/O error on dev(?:ice)? (\w+)/,
  /\b(nvme\d+)(?:n\d+)?: (?:I\/O \d+ .*timeout|controller is down|Device not ready)/,
  /\bXFS \((\S+)\): (?:metadata I\/O error|log I\/O error|Corruption)/,
  /\bEXT4-fs error \(device (\S+)\)/,
];
/** An interface comes last before what is said of it, or behind its driver and bus address. */
const LINK = /(?:^|\s)([a-z][\w.]*): (?:NIC )?[Ll]ink (?:is )?(up|down)\b/i;
const MEMBER = /\(slave ([\w.]+)\): link status (?:definitely )?(up|down)\b/;
const PULL = /failed to pull image "?[^\s"]+"?.*/i;

/** What the kernel and Talos wrote lately that may keep a node from getting on; and the last lines, as they are. */
export function kernelSignals(node: string, lines: readonly KernelLine[]): Signal[] {
  const newest = Math.max(...lines.map(({ at }) => at ?? 0));
  const recent = lines.filter(({ at }) => at === null || newest - at <= RECENT).map(({ text }) => text);
  const signal = (name: string, expected: string, observed: string): Signal => ({
    name,
    subject: node,
    expected,
    observed,
    ok: false,
    source: SOURCE,
  });
  const shown = lines.slice(-SHOWN).map(({ text }) => (text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text));
  return [
    ...diskErrors(recent).map(({ disk, count, last }) =>
      signal(`disk ${disk}`, 'no errors', `${count} ${count === 1 ? 'error' : 'errors'}, the last: ${last}`),
    ),
    ...[...linkStates(recent)].flatMap(([link, { up, text }]) =>
      up ? [] : [signal(`link ${link}`, 'up', `down (its kernel: ${text})`)],
    ),
    ...recent
      .flatMap((text) => PULL.exec(text)?.[0] ?? [])
      .slice(-1)
      .map((text) => signal('image', 'pulled', text)),
    ...(shown.length === 0
      ? []
      : [{ name: 'kernel log', subject: node, expected: 'told', observed: shown, ok: true, source: SOURCE }]),
  ];
}

function diskErrors(texts: readonly string[]): { disk: string; count: number; last: string }[] {
  const found = new Map<string, { disk: string; count: number; last: string }>();
  for (const text of texts) {
    const disk = DISK.map((pattern) => pattern.exec(text)?.[1]).find((name) => name !== undefined);
    if (disk !== undefined) found.set(disk, { disk, count: (found.get(disk)?.count ?? 0) + 1, last: text });
  }
  return [...found.values()];
}

/** Links go down and up while a config is taken: what was said last holds. */
function linkStates(texts: readonly string[]): Map<string, { up: boolean; text: string }> {
  const states = new Map<string, { up: boolean; text: string }>();
  for (const text of texts) {
    const [, link, state] = MEMBER.exec(text) ?? LINK.exec(text) ?? [];
    if (link !== undefined) states.set(link, { up: state?.toLowerCase() === 'up', text });
  }
  return states;
}
