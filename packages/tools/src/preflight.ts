import type { Reader, Signal, Tool } from '@coldstart/contract';

/** What a look at the tools of a step brought: signals, what is missing, and versions nobody tried as deviations. */
export type ToolsFound = { signals: Signal[]; missing: string[]; deviations: string[] };

/** Looks for each tool: there at all, and of a version that is known to work (another one is told, and no failure). */
export async function lookForTools(world: Reader, tools: readonly Tool[]): Promise<ToolsFound> {
  const looks = await Promise.all(tools.map(async (tool) => ({ tool, found: await world.tool(tool.name) })));
  const result: ToolsFound = { signals: [], missing: [], deviations: [] };
  for (const { tool, found } of looks) {
    const expected = tool.known ? `${tool.known.from} or newer, below ${tool.known.below}` : 'installed';
    result.signals.push({
      name: 'tool',
      subject: tool.name,
      expected,
      observed: found ? (found.version ?? 'a version it did not tell') : 'not on the PATH',
      ok: found !== undefined,
      source: `${tool.name} ${tool.version.argv.join(' ')}`,
    });
    if (!found) result.missing.push(tool.name);
    else if (tool.known && found.version === null)
      result.deviations.push(`${tool.name} did not tell its version; versions known to work are ${expected}`);
    else if (tool.known && found.version !== null && !between(found.version, tool.known))
      result.deviations.push(`${tool.name} ${found.version} is outside of the versions known to work (${expected})`);
  }
  return result;
}

/** Cause and remedy for tools that are missing; undefined where none is. */
export function missingTools(missing: readonly string[]): { cause: string; remedy: string } | undefined {
  if (missing.length === 0) return undefined;
  const named =
    missing.length === 1 ? missing.join('') : `${missing.slice(0, -1).join(', ')} and ${missing.at(-1) ?? ''}`;
  return {
    cause: missing.map((name) => `${name} is not on the PATH`).join('; '),
    remedy: `Install ${named}, and put ${missing.length === 1 ? 'it' : 'them'} on the PATH.`,
  };
}

function between(version: string, known: { from: string; below: string }): boolean {
  return compareVersions(version, known.from) >= 0 && compareVersions(version, known.below) < 0;
}

/** Below, at or above zero as `a` is older than, equal to or newer than `b`. A part that is not told is taken as the other's; a pre-release is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((v) => {
    const [main = '', pre] = v.replace(/^v/, '').split(/-(.*)/s);
    return { parts: main.split('+')[0]?.split('.').map(Number) ?? [], pre };
  });
  if (!left || !right) return 0;
  for (let i = 0; i < 3; i++) {
    const [l, r] = [left.parts[i], right.parts[i]];
    if (l === undefined || r === undefined || Number.isNaN(l) || Number.isNaN(r)) continue;
    if (l !== r) return l - r;
  }
  if ((left.pre === undefined) === (right.pre === undefined))
    return (left.pre ?? '') < (right.pre ?? '') ? -1 : (left.pre ?? '') > (right.pre ?? '') ? 1 : 0;
  return left.pre === undefined ? 1 : -1;
}
