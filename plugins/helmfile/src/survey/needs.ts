import type { Finding } from '@coldstart/contract';
import type { Written } from './parse.ts';
import { idOf, type Release } from './types.ts';

/**
 * Resolves `needs` to `namespace/name` as helmfile does (a bare name is in the release's own namespace; a context in front
 * is dropped), and refuses what is missing or circular.
 *
 * What needs a release that is not installed needs what that one needs: helmfile skips it in the same way.
 */
export function resolveNeeds(
  file: string,
  releases: readonly Written[],
): { releases: Release[]; problems: Finding[]; assumed: string[] } {
  const problems: Finding[] = [];
  const assumed: string[] = [];
  const byId = new Map(releases.map((r) => [idOf(r), r]));
  const direct = new Map<string, string[]>();
  for (const release of releases) {
    const needs = release.written.flatMap((need, index) => {
      const id = need.includes('/') ? need.split('/').slice(-2).join('/') : `${release.namespace}/${need}`;
      if (byId.has(id)) return [id];
      problems.push({
        file,
        ...release.place('needs', index),
        found: `${idOf(release)} needs ${need}, which this file does not have`,
        expected: `one of ${[...byId.keys()].join(', ')}`,
      });
      return [];
    });
    direct.set(idOf(release), [...new Set(needs)]);
  }
  const circle = findCircle(direct);
  if (circle) {
    const release = byId.get(circle[0] ?? '');
    problems.push({
      file,
      ...(release?.place('needs') ?? { line: 1, column: 1 }),
      found: `a circle: ${[...circle, circle[0]].join(' → ')}`,
      expected: '`needs` without a circle',
    });
    return { releases: [], problems, assumed };
  }
  const through = (id: string): string[] => [
    ...new Set((direct.get(id) ?? []).flatMap((need) => (byId.get(need)?.installed ? [need] : through(need)))),
  ];
  for (const release of releases)
    for (const need of direct.get(idOf(release)) ?? [])
      if (release.installed && byId.get(need)?.installed === false)
        assumed.push(
          `${file}: ${idOf(release)} needs ${need}, which is not installed: it waits for what ${need} needs instead`,
        );
  return {
    releases: releases.map(({ place: _place, written: _written, ...release }) => ({
      ...release,
      needs: through(idOf(release)),
    })),
    problems,
    assumed,
  };
}

function findCircle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (id: string, path: string[]): string[] | undefined => {
    const at = path.indexOf(id);
    if (at >= 0) return path.slice(at);
    if (done.has(id)) return undefined;
    for (const next of edges.get(id) ?? []) {
      const found = walk(next, [...path, id]);
      if (found) return found;
    }
    done.add(id);
    return undefined;
  };
  for (const id of edges.keys()) {
    const found = walk(id, []);
    if (found) return found;
  }
  return undefined;
}
