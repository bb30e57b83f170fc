import { posix } from 'node:path';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Done, Facts, Files, FoundTool, Json, Look, Past, Probe, Reader } from '@coldstart/contract';

const utf8 = new TextEncoder();

/** A repository in memory: text by path. */
export function inMemory(files: Readonly<Record<string, string>>): Files {
  const paths = Object.keys(files);
  return {
    read: async (path) => (files[path] === undefined ? undefined : utf8.encode(files[path])),
    list: async (folder) =>
      paths
        .filter((p) => p.startsWith(`${folder}/`))
        .map((p) => p.slice(folder.length + 1))
        .sort(),
    stat: async (path) =>
      files[path] !== undefined
        ? { kind: 'file', mode: 0o644, size: files[path].length }
        : paths.some((p) => p.startsWith(`${path}/`))
          ? { kind: 'folder', mode: 0o755, size: 0 }
          : undefined,
  };
}

/** The example repository, with some files put over it (null: taken away). */
export function example(over: Readonly<Record<string, string | null>> = {}): Files {
  const root = fileURLToPath(new URL('../../../examples/k8s-ops', import.meta.url));
  const files: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name === '.coldstart' || entry.name === '.git') continue;
      if (entry.isDirectory()) walk(path);
      else if (lstatSync(join(root, path)).isFile()) files[path] = readFileSync(join(root, path), 'utf8');
    }
  };
  walk('');
  for (const [path, text] of Object.entries(over)) {
    if (text === null) delete files[path];
    else files[path] = text;
  }
  return inMemory(files);
}

export type Said = { exit?: number | null; stdout?: string; stderr?: string; how?: Done['how'] };
/** Answers of tools: the first entry whose key is found in `tool argv…` is taken; a function sees the probe. */
export type Answers = Readonly<Record<string, Said | ((probe: Probe) => Said)>>;

export type FakeReader = Reader & { asked: { tool: string; argv: string[]; stdin: string | undefined }[] };

/** A world to look at: what tools answer, which are installed, what the clock shows. A question without an answer is an error. */
export function fakeReader(
  answers: Answers,
  more: { files?: Files; tools?: Record<string, string | null>; env?: Record<string, string>; now?: string } = {},
): FakeReader {
  const files = more.files ?? inMemory({});
  const asked: FakeReader['asked'] = [];
  return {
    ...files,
    asked,
    now: () => more.now ?? '2026-11-21T00:40:00.000Z',
    mono: () => 0,
    env: (name) => more.env?.[name],
    dial: async () => 'open',
    tool: async (name): Promise<FoundTool | undefined> => {
      if (!more.tools) return { path: `/usr/bin/${name}`, version: null, digest: null, simulated: false };
      return name in more.tools
        ? { path: `/usr/bin/${name}`, version: more.tools[name] ?? null, digest: null, simulated: false }
        : undefined;
    },
    probe: async (probe): Promise<Done> => {
      asked.push({ tool: probe.tool, argv: probe.argv, stdin: probe.stdin && new TextDecoder().decode(probe.stdin) });
      const line = [probe.tool, ...probe.argv].join(' ');
      const found = Object.entries(answers).find(([key]) => line.includes(key));
      if (!found) throw new Error(`no answer for: ${line}`);
      const said = typeof found[1] === 'function' ? found[1](probe) : found[1];
      return {
        exit: said.exit === undefined ? 0 : said.exit,
        how: said.how ?? 'exit',
        stdout: utf8.encode(said.stdout ?? ''),
        stderr: said.stderr ?? '',
      };
    },
  };
}

export const KUBECONFIG = { path: 'kubernetes/kubeconfig', context: 'infra' };

export function lookWith<I>(
  world: Reader,
  facts: Record<string, Json>,
  item: I,
  more: { key?: string; artefacts?: Record<string, Uint8Array>; past?: Past[] } = {},
): Look<I> {
  return {
    cluster: 'infra',
    key: more.key ?? 'cluster',
    item,
    facts: { 'kubernetes/kubeconfig': KUBECONFIG, ...facts } satisfies Facts,
    world,
    artefacts: more.artefacts ?? {},
    attempt: 0,
    past: more.past ?? [],
  };
}

/** `kubectl get -o json` of some objects. */
export const asList = (objects: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

/** Which calls do not name the kubeconfig and the context that they are for. `kubectl kustomize` and the like ask no cluster. */
export function unnamed(calls: readonly { tool: string; argv: readonly unknown[] }[]): string[] {
  const context: Record<string, string> = {
    kubectl: '--context',
    flux: '--context',
    cilium: '--context',
    helm: '--kube-context',
    helmfile: '--kube-context',
  };
  // helmfile calls helm in the state file's folder, and a path is named from there.
  const named = (argv: readonly unknown[]): string => {
    const path = String(argv[argv.indexOf('--kubeconfig') + 1]);
    const file = argv.indexOf('--file');
    return file < 0 ? path : posix.join(posix.dirname(String(argv[file + 1])), path);
  };
  const has = (argv: readonly unknown[], flag: string, value: string): boolean =>
    argv[argv.indexOf(flag) + 1] === value && argv.includes(flag);
  return calls
    .filter(
      ({ tool, argv }) =>
        context[tool] !== undefined &&
        argv[0] !== 'kustomize' &&
        !(named(argv) === KUBECONFIG.path && has(argv, context[tool] ?? '', KUBECONFIG.context)),
    )
    .map(({ tool, argv }) => [tool, ...argv].join(' '));
}
