import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Child, StopRule } from '@coldstart/contract';
import { codeOf } from '../errno.ts';

const LOOK_EVERY = 50;
/** How long the system may take to end a process after SIGKILL. */
const AFTER_KILL = 5_000;

let bootId: string | undefined;

/** Names the boot of this machine: start times are only comparable within one. */
export function boot(): string {
  bootId ??= readBoot();
  return bootId;
}

function readBoot(): string {
  try {
    if (platform() === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

type Stat = { state: string; group: number; started: string };

/** Fields of `/proc/<pid>/stat` (proc_pid_stat(5)): 3 state, 5 process group, 22 start time in ticks since boot. */
function procStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses, which may hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', group: Number(fields[2]), started: fields[19] ?? '' };
}

function psStat(pid: number): Stat | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'state=,pgid=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    const [state = '', group = '', ...started] = text.split(/\s+/);
    return text === '' ? undefined : { state: state.charAt(0), group: Number(group), started: started.join(' ') };
  } catch {
    return undefined;
  }
}

const statOf = (pid: number): Stat | undefined => (platform() === 'linux' ? procStat(pid) : psStat(pid));

/** A process's start time as the system tells it, with the boot; a mark that no process has where it is gone already. */
export function startOf(pid: number): string {
  return `${boot()} ${statOf(pid)?.started ?? 'gone'}`;
}

/** Whether the very process still runs. One that has ended and only waits to be collected does not. */
export function isAlive(child: Child): boolean {
  const now = statOf(child.pid);
  return now !== undefined && now.state !== 'Z' && now.state !== 'X' && `${boot()} ${now.started}` === child.started;
}

/** Whether any process has this number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** Whether anything of a process group still runs. */
export function groupRuns(group: number): boolean {
  if (platform() !== 'linux') return isRunning(-group);
  // Not kill(-group, 0): processes that ended but are not collected, as in a container without an init, count there.
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    const stat = procStat(Number(name));
    return stat !== undefined && stat.group === group && stat.state !== 'Z' && stat.state !== 'X';
  });
}

/** Sends a signal to a process group; one that is gone is fine. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
  }
}

/** Waits until nothing of the group runs any more, at most `within` milliseconds; whether that came to pass. */
export async function groupEnds(group: number, within: number): Promise<boolean> {
  const until = performance.now() + within;
  while (groupRuns(group)) {
    if (performance.now() >= until) return false;
    await wait(Math.min(LOOK_EVERY, Math.max(1, within)));
  }
  return true;
}

/** Ends a process group: exactly one signal, then SIGKILL after the grace time where the rule allows it. Whether it is gone. */
export async function endGroup(group: number, rule: StopRule): Promise<boolean> {
  signalGroup(group, rule.signal);
  if (await groupEnds(group, rule.grace)) return true;
  if (!rule.kill) return false;
  signalGroup(group, 'SIGKILL');
  return groupEnds(group, AFTER_KILL);
}

/** Ends a process that an earlier run left, with its group. Never touches a process that only has the same number. */
export async function endChild(child: Child, rule: StopRule): Promise<boolean> {
  if (!isAlive(child)) return true;
  const group = statOf(child.pid)?.group;
  // We start each tool as the leader of its own group; anything else is not ours to signal as a group.
  if (group !== child.pid) return false;
  await endGroup(group, rule);
  return !isAlive(child);
}
