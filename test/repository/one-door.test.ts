import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** Files that are the door itself, or stand before it: the real world, the lab's disk, the host's own start and its screen. */
const DOOR = [
  /^packages\/engine\/src\/world\//,
  /^plugins\/lab\/src\/(world\/disk|clock\/pace)/,
  /^packages\/cli\/(bin|scripts)\//,
  /^packages\/all\/bin\//,
  /^packages\/cli\/src\/(launch|progress|terminal)\//,
  // Before and beside a world, the host finds its plugins and the root, and keeps plan and world files.
  /^packages\/cli\/src\/(plugins\/find|session\/(root|disk))\.ts$/,
];

const FORBIDDEN: [string, RegExp][] = [
  ['the clock', /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|process\.hrtime/],
  ['timers', /\bset(?:Timeout|Interval)\s*\(|node:timers/],
  ['chance', /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/],
  ['files', /(?:from|import|import\()\s*'(?:node:)?fs(?:\/promises)?'/],
  ['processes', /(?:from|import|import\()\s*'(?:(?:node:)?child_process|execa)'/],
  ['sockets', /(?:from|import|import\()\s*'(?:node:)?(?:net|tls|http|https|dns)'|\bfetch\(/],
  ['the environment', /\bprocess\.env\b/],
];

const root = join(import.meta.dirname, '../..');
const sources = globSync('{packages,plugins}/*/{src,bin,scripts}/**/*.{ts,js}', { cwd: root }).filter(
  (f) => !f.includes('/dist/'),
);
const withoutComments = (text: string): string =>
  text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(?<!:)\/\/.*$/gm, '')
    .replaceAll(/import \{ (?:isIP(?:v4|v6)?(?:, )?)+ \} from 'node:net';/g, '');

describe('one door to the world', () => {
  test('there is something to look at', () => {
    expect(sources.length).toBeGreaterThan(30);
  });

  test.each(FORBIDDEN)('%s: reached only through the door', (_what, pattern) => {
    const wrong = sources.filter(
      (f) => !DOOR.some((d) => d.test(f)) && pattern.test(withoutComments(readFileSync(join(root, f), 'utf8'))),
    );
    expect(wrong).toEqual([]);
  });

  test('the patterns find what they forbid', () => {
    const samples = [
      'Date.now()',
      'setTimeout(x, 1)',
      'Math.random()',
      "import 'node:fs'",
      "import 'execa'",
      "import 'node:net'",
      'process.env.HOME',
    ];
    expect(samples.map((s) => FORBIDDEN.findIndex(([, p]) => p.test(s)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
