import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { lockHolder } from '../support/received.ts';
import { killing } from './kills.ts';

/** A call that a tool received, as the small program on the PATH before it wrote down. */
export type ReceivedCall = {
  tool: string;
  argv: string[];
  pid: number;
  /** The tool that made this call itself, as helmfile calls helm; null for calls from outside. */
  within: string | null;
  /** Milliseconds since 1970. */
  began: number;
  /** Null while it runs, for ever where it was killed together with what called it, and for calls within another. */
  ended: number | null;
  exit: number | null;
};

export type Recorder = {
  /** The folder to put first on the PATH. */
  bin: string;
  /** All calls so far, in the order of their beginning. */
  calls: () => Promise<ReceivedCall[]>;
};

/**
 * A folder of programs with the tools' names. Each writes down what it got before it calls the tool and after, and is
 * otherwise like it: stdin, output, environment, exit code. It stays until the tool has ended, whatever signal comes;
 * for a call within another tool it becomes the tool, and `pid` is the tool's own. Where rules in the folder `kills` (kills.ts)
 * say so it ends its caller: before, and then the tool gets nothing, or after the tool has done its work.
 */
export const recordCalls = async (
  dir: string,
  tools: Readonly<Record<string, string>>,
  kills?: string,
): Promise<Recorder> => {
  const [bin, log] = [join(dir, 'bin'), join(dir, 'calls')];
  await mkdir(bin, { recursive: true });
  await mkdir(log, { recursive: true });
  for (const [name, path] of Object.entries(tools)) {
    if (/'/.test(`${path}${log}`)) throw new Error(`a path with a quote: ${path} ${log}`);
    // A trap, unlike an ignored signal, is not handed on to the child; bash runs it once the child has ended.
    const script = [
      '#!/bin/bash',
      'began=$EPOCHREALTIME',
      `call='${log}/'$began-$$-${name}`,
      'note() { printf "%s\\0" "$COLDSTART_TEST_WITHIN" "$@" > "$call.tmp" && mv "$call.tmp" "$call.began"; }',
      `[ -n "$COLDSTART_TEST_WITHIN" ] && note "$@" && exec '${path}' "$@"`,
      ...(kills === undefined ? [] : [...killing(kills, name), 'strike before && exit 137']),
      'note "$@"',
      'trap : TERM INT HUP',
      `COLDSTART_TEST_WITHIN=${name} '${path}' "$@"`,
      'exit=$?',
      'printf "%s %s" "$EPOCHREALTIME" "$exit" > "$call.tmp" && mv "$call.tmp" "$call.ended"',
      ...(kills === undefined ? [] : ['[ "$exit" = 0 ] && strike after']),
      'exit $exit',
    ];
    await writeFile(join(bin, name), `${script.join('\n')}\n`, { mode: 0o755 });
  }
  return { bin, calls: () => readCalls(log) };
};

const readCalls = async (log: string): Promise<ReceivedCall[]> => {
  const names = (await readdir(log)).filter((name) => name.endsWith('.began'));
  const calls = names.map(async (name): Promise<ReceivedCall> => {
    const [, seconds = '', pid = '', tool = ''] = /^([\d.]+)-(\d+)-(.+)\.began$/.exec(basename(name)) ?? [];
    const [within = '', ...argv] = (await readFile(join(log, name), 'utf8')).split('\0').slice(0, -1);
    const end = await readFile(join(log, name.replace(/began$/, 'ended')), 'utf8').catch(() => '');
    const [ended, exit] = end.split(' ');
    return {
      tool,
      argv,
      pid: Number(pid),
      within: within || null,
      began: Number(seconds) * 1000,
      ended: ended ? Number(ended) * 1000 : null,
      exit: exit ? Number(exit) : null,
    };
  });
  return (await Promise.all(calls)).sort((a, b) => a.began - b.began);
};

/** Words of an argv that are neither flags nor the values of these flags. */
const wordsOf = (argv: readonly string[]): string[] => {
  const valued = new Set([
    '--kubeconfig',
    '--context',
    '--kube-context',
    '--server',
    '--namespace',
    '-n',
    '--file',
    '--selector',
  ]);
  return argv.filter((word, at) => !word.startsWith('-') && !valued.has(argv[at - 1] ?? ''));
};

const looks: Readonly<Record<string, (argv: readonly string[]) => boolean>> = {
  kubectl: (argv) => ['get', 'version', 'config', 'cluster-info'].includes(wordsOf(argv)[0] ?? ''),
  helm: (argv) => ['list', 'show', 'version'].includes(wordsOf(argv)[0] ?? ''),
  helmfile: (argv) => argv.join(' ') === '--version',
  op: (argv) => argv[0] === '--version' || argv[0] === 'account',
  talosctl: (argv) => ['get', 'version', 'services', 'etcd', 'validate', 'config'].includes(argv[0] ?? ''),
  flux: (argv) => ['check', 'get', 'version'].some((word) => argv.includes(word)),
  kustomize: () => true,
  kubeconform: () => true,
  cilium: (argv) => argv.some((word) => ['version', 'status', 'config'].includes(word)),
};

/** Whether a call only looks, or holds the lock: such calls stand in no plan. */
export const isLook = (call: Pick<ReceivedCall, 'tool' | 'argv'>): boolean =>
  lockHolder(call.argv) !== undefined || (looks[call.tool]?.(call.argv) ?? false);

/** How long at least one of these calls was running between two moments, in milliseconds. */
export const busy = (calls: readonly ReceivedCall[], from: number, to: number): number => {
  let [sum, until] = [0, from];
  for (const call of calls) {
    const [began, ended] = [Math.max(call.began, until), Math.min(call.ended ?? to, to)];
    if (ended <= began) continue;
    sum += ended - began;
    until = ended;
  }
  return sum;
};
