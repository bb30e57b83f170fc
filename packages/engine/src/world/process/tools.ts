import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EXIT, Problem, type Done, type FoundTool, type Tool } from '@coldstart/contract';
import { isBelow, realOf } from '../files/paths.ts';
import { searchPath } from './environment.ts';

export type Found = { tool: Tool; path: string };

/** Why a tool is not there, in words. */
export type NotFound = { tool: Tool; missing: string };

export type Tools = {
  /** The declared tool of this name, resolved once. An undeclared name is a bug. */
  find(name: string): Promise<Found | NotFound>;
  /** With version and digest, asked once. */
  describe(name: string): Promise<FoundTool | undefined>;
};

/**
 * Resolves tools on the operator's PATH, once each. One that lies in the repository is refused unless `configured` names it:
 * the repository is input, and checking it out must not decide what is run.
 */
export function toolsOf(at: {
  declared: readonly Tool[];
  path: string | undefined;
  root: string;
  configured: Readonly<Record<string, string>>;
  ask: (found: Found, argv: readonly string[]) => Promise<Done>;
}): Tools {
  const found = new Map<string, Promise<Found | NotFound>>();
  const described = new Map<string, Promise<FoundTool | undefined>>();
  const resolve = async (name: string): Promise<Found | NotFound> => {
    const tool = at.declared.find((t) => t.name === name);
    if (!tool) throw new Error(`no plugin declares the tool ${name}`);
    const set = at.configured[name];
    if (set !== undefined) {
      if (!isAbsolute(set)) throw new Error(`the configured path of ${name} is not absolute: ${set}`);
      const why = await notRunnable(set);
      return why === undefined ? { tool, path: set } : { tool, missing: `${set}: ${why}` };
    }
    let hint = '';
    for (const folder of searchPath(at.path, at.root)) {
      const path = join(folder, name);
      const why = await notRunnable(path);
      if (why === undefined) {
        await refuseInside(name, path, at.root);
        return { tool, path };
      }
      if (why !== ABSENT) hint ||= ` (${path}: ${why})`;
    }
    return { tool, missing: `${name} was not found in PATH${hint}` };
  };
  const tools: Tools = {
    find(name) {
      let known = found.get(name);
      if (!known) found.set(name, (known = resolve(name)));
      return known;
    },
    describe(name) {
      let known = described.get(name);
      if (!known) described.set(name, (known = describe(name)));
      return known;
    },
  };
  const describe = async (name: string): Promise<FoundTool | undefined> => {
    const one = await tools.find(name);
    if ('missing' in one) return undefined;
    const [done, digest] = await Promise.all([at.ask(one, one.tool.version.argv), digestOf(one.path)]);
    const said = new TextDecoder().decode(done.stdout);
    return {
      path: one.path,
      version: done.how === 'exit' ? one.tool.version.parse(said, done.stderr) : null,
      digest,
      simulated: SIMULATED.test(`${said}\n${done.stderr}`),
    };
  };
  return tools;
}

/** How a program that stands in for a tool labels itself beside its version. */
const SIMULATED = /\bcoldstart-lab\b/;

const ABSENT = 'it is absent';

async function notRunnable(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isFile()) return 'it is not a file';
  } catch {
    return ABSENT;
  }
  return access(path, constants.X_OK).then(
    () => undefined,
    () => 'it is not executable',
  );
}

async function refuseInside(name: string, path: string, root: string): Promise<void> {
  const real = await realpath(path);
  if (!isBelow(real, await realOf(root))) return;
  throw new Problem(`${name} (${path}) lies in the repository, and nothing of the repository is run.`, {
    exit: EXIT.refused,
    remedy: `Install ${name} outside the repository.`,
  });
}

/** SHA-256 (hex) of the program; null where it may be run but not read. */
async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  return pipeline(createReadStream(path), hash).then(
    () => hash.digest('hex'),
    () => null,
  );
}
