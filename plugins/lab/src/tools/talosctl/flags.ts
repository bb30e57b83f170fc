/** One flag as cobra declares it. `type` is empty for a switch; its name stands in the usage. */
export type Flag = {
  name: string;
  short?: string;
  type: string;
  about: string;
  /** Shown after the description, e.g. `(default auto)`. */
  shown?: string;
  /** Refuses a value with the reason that the tool gives. */
  check?: (value: string) => string | undefined;
};

export type Flags = {
  words: string[];
  has: (name: string) => boolean;
  /** The last value; undefined where it was not given. */
  one: (name: string) => string | undefined;
  /** All values, lists split at commas. */
  all: (name: string) => string[];
};

/** What pflag says of an argv it cannot take. */
export class BadFlag extends Error {}

/**
 * Reads an argv as pflag does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-n=value`, switches in one word, `--`.
 * Throws `BadFlag` with pflag's words.
 */
export function parseFlags(argv: readonly string[], flags: readonly Flag[]): Flags {
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const set = (flag: Flag, value: string, shownAs: string): void => {
    const why = flag.check?.(value);
    if (why !== undefined)
      throw new BadFlag(`invalid argument ${JSON.stringify(value)} for ${JSON.stringify(shownAs)} flag: ${why}`);
    given.set(flag.name, [...(given.get(flag.name) ?? []), value]);
  };
  const shown = (flag: Flag): string =>
    flag.short === undefined ? `--${flag.name}` : `-${flag.short}, --${flag.name}`;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    if (word.startsWith('--')) {
      const [name, value] = split(word.slice(2));
      const flag = flags.find((one) => one.name === name);
      if (!flag) throw new BadFlag(`unknown flag: --${name}`);
      if (value !== undefined) set(flag, value, shown(flag));
      else if (flag.type === '') set(flag, 'true', shown(flag));
      else if (at + 1 < argv.length) set(flag, argv[++at]!, shown(flag));
      else throw new BadFlag(`flag needs an argument: --${name}`);
    } else if (word.startsWith('-') && word !== '-') {
      for (let letters = word.slice(1); letters !== ''; letters = letters.slice(1)) {
        const flag = flags.find((one) => one.short === letters[0]);
        if (!flag) throw new BadFlag(`unknown shorthand flag: '${letters[0]}' in ${word}`);
        if (flag.type === '' && letters[1] !== '=') {
          set(flag, 'true', shown(flag));
          continue;
        }
        const rest = letters.slice(1).replace(/^=/, '');
        if (rest !== '') set(flag, rest, shown(flag));
        else if (at + 1 < argv.length) set(flag, argv[++at]!, shown(flag));
        else throw new BadFlag(`flag needs an argument: '${letters[0]}' in ${word}`);
        break;
      }
    } else words.push(word);
  }
  return {
    words,
    has: (name) => given.get(name)?.at(-1) === 'true',
    one: (name) => given.get(name)?.at(-1),
    all: (name) => (given.get(name) ?? []).flatMap((value) => value.split(',')).filter((value) => value !== ''),
  };
}

/** The usage that cobra prints under an error of the command line. */
export function usage(command: {
  path: string;
  args: string;
  aliases: readonly string[];
  flags: readonly Flag[];
}): string {
  const rows = [...command.flags]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => ({
      left: `  ${flag.short === undefined ? '    ' : `-${flag.short}, `}--${flag.name}${flag.type === '' ? '' : ` ${flag.type}`}`,
      right: flag.shown === undefined ? flag.about : `${flag.about} ${flag.shown}`,
    }));
  const width = Math.max(...rows.map((row) => row.left.length)) + 3;
  const lines = ['Usage:', `  talosctl ${command.path}${command.args === '' ? '' : ` ${command.args}`} [flags]`, ''];
  if (command.aliases.length > 0) lines.push('Aliases:', `  ${command.aliases.join(', ')}`, '');
  lines.push('Flags:', ...rows.map((row) => `${row.left.padEnd(width)}${row.right}`), '');
  return `${lines.join('\n')}\n`;
}

function split(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
