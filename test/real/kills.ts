import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Before the tool or the file system gets it, or after it has done it and before coldstart could learn that. */
export type Moment = 'before' | 'after';

/**
 * Where coldstart is killed: at a call that a tool gets from it, by the words of its argv joined by blanks and where need be by
 * what stands on its stdin, or where a file is put in its place, where need be by what it then holds. All are regular
 * expressions that grep -E and Node both know.
 */
export type Place = { tool: string; argv: string; stdin?: string } | { file: string; holds?: string };

export type Kills = {
  /** The folder that programs on the PATH (received.ts) and the module in the process itself look into. */
  dir: string;
  /** What coldstart's own process needs for its files: flags of Node, environment. */
  node: { flags: string[]; env: Record<string, string> };
  arm: (id: string, place: Place, moment: Moment) => Promise<void>;
  /** Lets the next run be killed, once. */
  load: () => Promise<void>;
  /** What killed the last run, by its id; it is armed no more. Undefined where nothing did. */
  struck: () => Promise<string | undefined>;
  /** Every file that coldstart has put in place so far. */
  puts: () => Promise<string[]>;
};

/**
 * SIGKILL of coldstart's own process, and of it alone, at places that are known to the instruction: a program before the tool,
 * its child, ends it; at a file it ends itself. A rule is a file `armed/ID` of four lines: tool (`file` for a file), argv or
 * path, stdin or content, moment. Who takes `turn` away may kill.
 */
export const openKills = async (dir: string): Promise<Kills> => {
  await mkdir(join(dir, 'armed'), { recursive: true });
  await writeFile(join(dir, 'puts'), '');
  return {
    dir,
    node: {
      flags: ['--import', fileURLToPath(new URL('fixtures/killed-at-file.ts', import.meta.url))],
      env: { COLDSTART_TEST_KILLS: dir },
    },
    arm: async (id, place, moment) => {
      const words =
        'file' in place ? ['file', place.file, place.holds ?? ''] : [place.tool, place.argv, place.stdin ?? ''];
      await writeFile(join(dir, `${id}.new`), `${[...words, moment].join('\n')}\n`);
      await rename(join(dir, `${id}.new`), join(dir, 'armed', id));
    },
    load: () => writeFile(join(dir, 'turn'), ''),
    struck: async () => {
      const id = (await readdir(dir)).find((name) => name.startsWith('struck-'))?.slice('struck-'.length);
      if (id === undefined) return undefined;
      await rm(join(dir, `struck-${id}`));
      await rm(join(dir, 'armed', id));
      return id;
    },
    puts: async () => (await readFile(join(dir, 'puts'), 'utf8')).split('\n').filter(Boolean),
  };
};

/**
 * The part of a program before `tool` that kills, in bash: `strike before` or `strike after` ends the caller where a rule says
 * so, and answers whether it did. stdin is read only where a rule asks for it, and handed on.
 */
export const killing = (dir: string, tool: string): string[] => [
  `kills='${dir}' rule= moment= spool=`,
  'for each in "$kills"/armed/*; do',
  '  { IFS= read -r of && IFS= read -r argv && IFS= read -r input && IFS= read -r when; } 2>/dev/null < "$each" || continue',
  `  [ "$of" = '${tool}' ] && [[ "$*" =~ $argv ]] || continue`,
  '  if [ -n "$input" ]; then',
  '    [ -n "$spool" ] || { spool=$(mktemp "$kills/stdin.XXXXXX") && cat > "$spool"; }',
  '    grep -Eq -- "$input" "$spool" || continue',
  '  fi',
  '  rule=$each moment=$when',
  '  break',
  'done',
  '[ -n "$spool" ] && exec < "$spool" && rm "$spool"',
  'strike() {',
  '  [ "$moment" = "$1" ] && mv "$kills/turn" "$kills/struck-${rule##*/}" 2>/dev/null || return 1',
  '  kill -KILL "$PPID"',
  '  for _ in {1..250}; do kill -0 "$PPID" 2>/dev/null || return 0; sleep 0.02; done',
  '}',
];
