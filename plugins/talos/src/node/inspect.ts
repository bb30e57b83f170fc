import type { Reader, Signal } from '@coldstart/contract';
import type { TalosNode } from '../facts.ts';
import { kernelSignals } from './kernel.ts';
import { ask } from '../talosctl/argv.ts';
import { parseDisks, showDisk } from '../talosctl/disks.ts';
import { parseDmesg } from '../talosctl/dmesg.ts';
import type { Fault } from '../talosctl/failure.ts';
import { parseLinks, type Link } from '../talosctl/links.ts';
import { parseServices } from '../talosctl/services.ts';
import { parseTimeStatus } from '../talosctl/timestatus.ts';
import { olderMinor, parseBootVersion, parseVersion } from '../talosctl/versions.ts';
import { askNode, read, type Access, type Reach } from './ask.ts';
import { matchDisks } from './disk-match.ts';
import { lookAtNode, type NodeLook } from './look.ts';

/** Everything that a node tells about why it is not where it should be: for a wait that ended badly. */
export async function inspectNode(world: Reader, reach: Reach, node: TalosNode): Promise<Signal[]> {
  return inspectLooked(world, reach, node, await lookAtNode(world, reach, node));
}

/** The same, of a node that was looked at just now. */
export async function inspectLooked(world: Reader, reach: Reach, node: TalosNode, look: NodeLook): Promise<Signal[]> {
  if (look.class === 'maintenance')
    return [
      ...look.signals,
      ...(await checkDisk(world, reach, node)).signals,
      ...(await checkBootVersion(world, reach, node)).signals,
      ...(await checkLinks(world, reach, node, 'insecure')),
    ];
  if (look.class !== 'configured') return look.signals;
  const links = await checkLinks(world, reach, node, 'secure');
  return [
    ...look.signals,
    ...(look.status?.unmet ?? []).map((unmet): Signal => ({
      name: `condition ${unmet.name}`,
      subject: node.name,
      expected: 'met',
      observed: unmet.reason,
      ok: false,
      source: 'talosctl get machinestatus',
    })),
    ...(await troubledServices(world, reach, node)),
    ...(await checkClock(world, reach, node)),
    ...links,
    // Of a link that the node itself tells of, it knows better than its log.
    ...(await kernel(world, reach, node)).filter(({ name }) => !links.some((link) => link.name === name)),
  ];
}

/** What its kernel log tells; a node that does not give it is no worse for that. */
async function kernel(world: Reader, reach: Reach, node: TalosNode): Promise<Signal[]> {
  const lines = read(await askNode(world, reach, node.address, 'secure', ask.dmesg), parseDmesg);
  return lines.ok ? kernelSignals(node.name, lines.value) : [];
}

/** Whether the clock is in step, where the node tells; before its config is in force it may not know a time server yet. */
async function checkClock(world: Reader, reach: Reach, node: TalosNode): Promise<Signal[]> {
  const inStep = read(await askNode(world, reach, node.address, 'secure', ask.clock), parseTimeStatus);
  if (!inStep.ok) return [];
  return [
    {
      name: 'clock',
      subject: node.name,
      expected: 'in step',
      observed: inStep.value ? 'in step' : 'not in step',
      ok: inStep.value,
      source: 'talosctl get timestatus',
    },
  ];
}

/** What a question to a node came to: `untold` where it got no answer, and another look may get one. */
export type Checked = { signals: Signal[]; untold: Fault | null };

/** The words for it, beside what was asked for. */
const notTold = ({ message }: Fault): string => `not told: ${message}`;

/** A question without an answer, as something that is bad. */
export const unanswered = (
  signal: Pick<Signal, 'name' | 'subject' | 'source' | 'expected'>,
  fault: Fault,
): Checked & { untold: Fault } => ({
  signals: [{ ...signal, observed: notTold(fault), ok: false }],
  untold: fault,
});

/** What was told, good or bad. */
export const told = (...signals: Signal[]): Checked & { untold: null } => ({ signals, untold: null });

/** Whether the disk that the config selects is there. */
export async function checkDisk(world: Reader, reach: Reach, node: TalosNode): Promise<Checked> {
  const disks = read(await askNode(world, reach, node.address, 'insecure', ask.disks), parseDisks);
  const base = {
    name: 'install disk',
    subject: node.name,
    expected: node.diskSelector ?? node.disk ?? 'a disk or diskSelector',
    source: 'talosctl get disks',
  };
  if (!disks.ok) return unanswered(base, disks.fault);
  const match = matchDisks(node, disks.value);
  if (match.odd !== null) return told({ ...base, observed: match.odd, ok: false });
  const shown = (match.disks.length > 0 ? match.disks : disks.value).map(showDisk).join('; ');
  const ok = match.disks.length > 0;
  return told({ ...base, observed: ok ? shown : `none of ${shown || 'no disks'}`, ok });
}

/** An answer that names no version: every Talos has one, so it was not told. */
const NO_VERSION: Fault = { cause: 'other', code: null, node: null, message: 'the answer names no version' };

/** Whether the booted image knows the config's keys: an older minor release does not. */
export async function checkBootVersion(world: Reader, reach: Reach, node: TalosNode): Promise<Checked> {
  const version = read(await askNode(world, reach, node.address, 'insecure', ask.version), parseBootVersion);
  const base = { name: 'boot version', subject: node.name, source: 'talosctl get version' };
  const untold = version.ok ? NO_VERSION : version.fault;
  if (!version.ok || version.value === null) return unanswered({ ...base, expected: 'told' }, untold);
  const booted = parseVersion(version.value);
  const wanted = node.talosVersion && parseVersion(node.talosVersion);
  const expected = wanted
    ? `${wanted.major}.${wanted.minor} or newer, as the config`
    : 'any: the config names no version';
  const ok = booted !== null && (!wanted || !olderMinor(booted, wanted));
  return told({ ...base, expected, observed: version.value, ok });
}

/**
 * Whether the links that the config names are there and up. Their MTU is the config's only once it is applied: before, it
 * is shown and not judged. A Talos that does not tell its links is no failure.
 */
export async function checkLinks(world: Reader, reach: Reach, node: TalosNode, access: Access): Promise<Signal[]> {
  if (node.links.length === 0) return [];
  const links = read(await askNode(world, reach, node.address, access, ask.links), parseLinks);
  const source = 'talosctl get links';
  if (!links.ok)
    return [
      {
        name: 'links',
        subject: node.name,
        expected: node.links,
        observed: notTold(links.fault),
        ok: true,
        source,
      },
    ];
  return node.links.flatMap((name): Signal[] => {
    const link = links.value.find((l) => l.name === name || l.aliases.includes(name));
    const state = link ? (link.up ? 'up' : 'down') : 'absent';
    const up: Signal = {
      name: `link ${name}`,
      subject: node.name,
      expected: 'up',
      observed: state,
      ok: state === 'up',
      source,
    };
    return link && node.mtu !== null ? [up, mtuSignal(node, link, access, source)] : [up];
  });
}

function mtuSignal(node: TalosNode, link: Link, access: Access, source: string): Signal {
  const judged = access === 'secure';
  return {
    name: `MTU of ${link.name}`,
    subject: node.name,
    expected: judged ? node.mtu : `${node.mtu} once the config is applied`,
    observed: link.mtu,
    ok: !judged || link.mtu === node.mtu,
    source,
  };
}

async function troubledServices(world: Reader, reach: Reach, node: TalosNode): Promise<Signal[]> {
  const services = read(await askNode(world, reach, node.address, 'secure', ask.services), parseServices);
  if (!services.ok) return [];
  return services.value
    .filter((service) => service.state !== 'Running' || service.health === 'Fail')
    .map((service) => ({
      name: `service ${service.name}`,
      subject: node.name,
      expected: 'Running, OK',
      observed: `${service.state}, ${service.health}: ${service.event}`,
      ok: false,
      source: 'talosctl services',
    }));
}
