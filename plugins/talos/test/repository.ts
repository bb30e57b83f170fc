import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Facts, Files, Json, Surveyed } from '@coldstart/contract';
import { TalosSection } from '../src/config.ts';
import { talosSurvey } from '../src/survey/index.ts';

export const EXAMPLE = fileURLToPath(new URL('../../../examples/k8s-ops/', import.meta.url));

/** The example repository, with some files replaced (text) or taken away (null). */
export function filesOf(changed: Record<string, string | null> = {}): Files {
  const disk = (path: string): string | undefined => {
    try {
      return readFileSync(join(EXAMPLE, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  const read = (path: string): string | undefined => (path in changed ? (changed[path] ?? undefined) : disk(path));
  return {
    read: async (path) => {
      const text = read(path);
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    list: async (folder) => {
      const below = new Set<string>();
      try {
        for (const name of readdirSync(join(EXAMPLE, folder), { recursive: true, encoding: 'utf8' }))
          if (statSync(join(EXAMPLE, folder, name)).isFile()) below.add(name);
      } catch {
        // An absent folder is empty.
      }
      for (const [path, text] of Object.entries(changed)) {
        if (!path.startsWith(`${folder}/`)) continue;
        if (text === null) below.delete(path.slice(folder.length + 1));
        else below.add(path.slice(folder.length + 1));
      }
      return [...below].sort();
    },
    stat: async (path) => {
      const text = read(path);
      return text === undefined ? undefined : { kind: 'file', mode: 0o100644, size: text.length };
    },
  };
}

export const textOf = (path: string): string => readFileSync(join(EXAMPLE, path), 'utf8');

/** A file of the example with one text replaced; throws where that text is not in it. */
export function edited(path: string, from: string | RegExp, to: string): Record<string, string> {
  const text = textOf(path);
  const next = text.replace(from, to);
  if (next === text) throw new Error(`${path} has no ${String(from)}`);
  return { [path]: next };
}

export async function survey(
  options: { cluster?: string; changed?: Record<string, string | null>; config?: object; files?: Files } = {},
): Promise<Surveyed> {
  const config = JSON.parse(JSON.stringify(TalosSection.parse(options.config ?? {}))) as Json;
  return talosSurvey.run({
    cluster: options.cluster ?? 'infra',
    files: options.files ?? filesOf(options.changed),
    config,
    facts: {},
  });
}

/** The facts of the example's cluster `infra`, as steps get them. */
export async function exampleFacts(config: object = {}): Promise<Facts> {
  const { facts, problems } = await survey({ config });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return { ...facts, 'kubernetes/kubeconfig': { path: 'kubernetes/kubeconfig', context: 'infra' } };
}
