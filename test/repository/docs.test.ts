import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalRecord } from '@coldstart/contract';
import { create } from '../../packages/cli/src/procedures/create.ts';
import { bareWorld, carryOut, survey } from '../rehearsal/support/bring-up.ts';
import { builtCommands, wrongWith } from './support/command-lines.ts';
import { blocksOf, coldstartLines, documents, root, section } from './support/documents.ts';
import { patternsOf } from './support/literals.ts';
import { missingIn, openClone } from './support/play.ts';

const all = documents();
const ours = all.filter(({ file }) => /^(?:README|CONTRIBUTING)\.md$|^docs\//.test(file));
const pages = all
  .filter(({ file }) => /^docs\/failures\/(?!README)/.test(file))
  .map((page) => ({ ...page, name: page.file.replace(/^.*\/|\.md$/g, '') }));
const of = (file: string): string => all.find((d) => d.file === file)?.text ?? '';
const sources = globSync('{packages,plugins}/*/src/**/*.ts', { cwd: root }).map((file) => ({
  file,
  text: readFileSync(join(root, file), 'utf8'),
}));

describe('pages of failures', () => {
  const named = new Set(
    sources.flatMap(({ text }) =>
      [...text.matchAll(/\bpage:([^;},]*)/g)].flatMap(([, value = '']) =>
        [...value.matchAll(/'([a-z][a-z-]+)'/g)].map(([, name = '']) => name),
      ),
    ),
  );

  test('every page that code names is there', () => {
    expect(named.size).toBeGreaterThan(30);
    expect([...named].filter((name) => !pages.some((page) => page.name === name))).toEqual([]);
  });

  test('every page is named by code, and listed', () => {
    expect(pages.filter(({ name }) => !named.has(name)).map(({ name }) => name)).toEqual([]);
    const list = of('docs/failures/README.md');
    expect(pages.filter(({ name }) => !list.includes(`(${name}.md)`)).map(({ name }) => name)).toEqual([]);
  });

  test.each(pages)('$name: has its parts, and fits on two screens', ({ text }) => {
    expect([...text.matchAll(/^##? (.+)$/gm)].map(([, heading]) => heading).slice(1)).toEqual([
      'What you see',
      'Why',
      'Find out more',
      'What to do',
      'Go on with',
    ]);
    expect(text.split('\n').length).toBeLessThan(80);
    expect(
      blocksOf(section(text, 'Go on with'))
        .flatMap((block) => block.lines)
        .join('\n'),
    ).toMatch(/^coldstart /m);
  });
});

describe('what a page quotes is what the code says', () => {
  const patterns = sources
    .filter(({ file }) => !file.startsWith('plugins/lab/'))
    .flatMap(({ text }) => patternsOf(text));
  const recorded = globSync('test/recordings/**/*.txt', { cwd: root }).map((file) =>
    plain(readFileSync(join(root, file), 'utf8')),
  );
  const steps = create.phases.flatMap((phase) => phase.steps.map((step) => step.id));

  const isSaid = (line: string): boolean => {
    const text = line.replace(/ \(waited \d+ s\)$/, '');
    // A cause may be a tool's own words, behind what they are about.
    const tails = [text, text.replace(/^(?:[A-Z]\w+ )?\S+: /, '')];
    return tails.some(
      (tail) =>
        endings(tail).some((t) => patterns.some((p) => p.test(t))) ||
        (tail.length > 20 && recorded.some((r) => r.includes(plain(tail)))),
    );
  };

  test.each(pages)('$name', ({ text }) => {
    const shown = blocksOf(section(text, 'What you see')).flatMap((block) => block.lines);
    const quoted = shown.flatMap((line) => /^(?:\s+(?:cause|do)|error): (.+)$/.exec(line)?.[1] ?? []);
    expect(quoted.length).toBeGreaterThan(0);
    expect(quoted.filter((line) => !isSaid(line))).toEqual([]);
    const about = shown.flatMap((line) => /^(?:failed|refused): (\S+)/.exec(line)?.[1] ?? []);
    expect(about.filter((step) => !steps.includes(step))).toEqual([]);
  });

  test.each(['the disk was eaten', 'infra-02 (192.0.2.12) does not reply: no answer'])(
    'what nobody says is found: %s',
    (line) => {
      expect(isSaid(line)).toBe(false);
    },
  );
});

describe('what a page says can be played ends as the page says', () => {
  const played = pages.flatMap(({ name, text }) => {
    const fault = /Play it: `coldstart cluster create infra --rehearse --fault (\S+)`/.exec(text)?.[1];
    return fault === undefined ? [] : [{ name, fault, text }];
  });

  test('there are some', () => expect(played.length).toBeGreaterThanOrEqual(6));

  test.each(played)('$name: $fault', async ({ name, fault, text }) => {
    const ground = await survey();
    const { records } = await carryOut(ground, await bareWorld(ground, { faults: [fault] }));
    const ends = records.filter(
      (r): r is Extract<JournalRecord, { type: 'item-end' }> => r.type === 'item-end' && r.page === name,
    );
    const told = ends.map((r) => [`${r.verdict}: ${r.step} ${r.item}`, `  cause: ${r.cause}`].map(steady));
    const shown = blocksOf(section(text, 'What you see'))[0]?.lines.slice(0, 2).map(steady);
    expect(told).toContainEqual(shown);
  });
});

describe('links and addresses', () => {
  test('relative links lead somewhere', () => {
    const gone = all.flatMap(({ file, text }) =>
      [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, to = '']) => to.split('#')[0] ?? '')
        .filter((to) => to !== '' && !/^[a-z]+:/.test(to) && !existsSync(join(root, dirname(file), to)))
        .map((to) => `${file}: ${to}`),
    );
    expect(gone).toEqual([]);
  });

  test('recordings and tests that are named are there', () => {
    const gone = ours.flatMap(({ file, text }) =>
      [...text.matchAll(/`(test\/[\w./-]+\.(?:txt|ts))`/g)]
        .map(([, to = '']) => to)
        .filter((to) => !existsSync(join(root, to)))
        .map((to) => `${file}: ${to}`),
    );
    expect(gone).toEqual([]);
  });

  const HOST = /\b(?:[a-z0-9-]+\.)+(?:com|org|io|net|dev|sh|ai|tech|cloud)\b/g;
  const API_GROUP = /(?:^|\.)(?:kubernetes\.io|external-secrets\.io|fluxcd\.io|coldstart\.io|cert-manager\.io)$/;

  test.each(ours)('$file: documentation addresses only, no path of a machine', ({ text }) => {
    const hosts = [...text.matchAll(HOST)]
      .map(([host]) => host)
      .filter((host) => !/(?:^|\.)example\.com$/.test(host) && !API_GROUP.test(host));
    const addresses = [...text.matchAll(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g)]
      .map(([address]) => address)
      .filter((a) => !/^(?:192\.0\.2|198\.51\.100|203\.0\.113|127\.\d+\.\d+)\./.test(a));
    const paths = [...text.matchAll(/(?<![\w.~])\/(?:work|home|root|Users)\/\S*/g)].map(([path]) => path);
    expect([...hosts, ...addresses, ...paths]).toEqual([]);
  });
});

describe('commands', () => {
  const commands = builtCommands();
  const lines = ours.flatMap((document) => coldstartLines(document).map((line) => ({ file: document.file, line })));

  test('every line of coldstart parses', () => {
    expect(lines.length).toBeGreaterThan(60);
    expect(
      lines
        .map(({ file, line }) => ({ file, line, wrong: wrongWith(line, commands) }))
        .filter(({ wrong }) => wrong !== undefined),
    ).toEqual([]);
  });

  test.each([
    ['coldstart cluster creat infra', 'no command'],
    ['coldstart cluster create infra --rehears', 'no --rehears'],
    ['coldstart cluster create infra --fault x', 'needs --rehearse'],
    ['coldstart talos etcd infra apps', 'takes 1'],
    ['coldstart bootstrap phase', 'lacks'],
    ['coldstart talos apply infra --node', 'wants a value'],
  ])('a wrong one is found: %s', (line, why) => {
    expect(wrongWith(line, commands)).toContain(why);
  });

  test('lines of other tools name their config and context', () => {
    const bare = ours.flatMap(({ file, blocks }) =>
      blocks
        .filter((block) => block.language === 'sh')
        .flatMap((block) => block.lines)
        .filter((line) => !namesItsCluster(line))
        .map((line) => `${file}: ${line}`),
    );
    expect(bare).toEqual([]);
    expect(namesItsCluster('kubectl get nodes')).toBe(false);
    expect(namesItsCluster('talosctl -n 192.0.2.11 services')).toBe(false);
  });
});

describe('what is shown was printed', () => {
  const clone: { run?: ReturnType<typeof openClone> } = {};
  beforeAll(() => {
    clone.run = openClone();
  });
  afterAll(() => clone.run?.remove());
  const run = (line: string): { exit: number | null; stdout: string; stderr: string } => clone.run!.run(line);

  test('README: npm start', () => {
    const start =
      /run\.js (.+)$/.exec(
        (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }).scripts.start,
      )?.[1] ?? '';
    const [whole, faulty] = blocksOf(of('README.md')).filter((block) => block.language === 'text');
    const done = run(`coldstart ${start}`);
    expect({ exit: done.exit, missing: missingIn(done.stdout, whole?.lines ?? ['nothing']) }).toEqual({
      exit: 0,
      missing: undefined,
    });
    const refused = run(`coldstart ${start} --fault wrong-ca@infra-03`);
    expect({
      exit: refused.exit,
      missing: missingIn(refused.stdout, ['…', ...(faulty?.lines ?? ['nothing'])]),
    }).toEqual({ exit: 5, missing: undefined });
  });

  const first = of('docs/first-run.md');
  test.each(['1. Clone and rehearse', '2. Fail on purpose', '3. Read the plan', '4. Look at the evidence'])(
    'first run: %s',
    (heading) => {
      let stdout = '';
      const wrong: object[] = [];
      const ran: string[] = [];
      for (const block of blocksOf(section(first, heading))) {
        if (block.language === 'text') {
          const missing = missingIn(stdout, block.lines);
          if (missing !== undefined) wrong.push({ after: ran.at(-1), missing });
          continue;
        }
        for (const line of block.lines.filter((l) => l.startsWith('npx coldstart '))) {
          const [command = '', note] = line.split(/\s+#\s*/);
          const expected = Number(/exit (\d+)/.exec(note ?? '')?.[1] ?? 0);
          const done = run(command);
          if (done.exit !== expected)
            wrong.push({ command, exit: done.exit, expected, said: done.stderr.slice(-2000) });
          stdout = done.stdout;
          ran.push(command);
        }
      }
      expect(wrong).toEqual([]);
      expect(ran.length).toBeGreaterThan(0);
    },
  );

  test('a line that was not printed is found', () => {
    expect(missingIn('a\nb\nc\n', ['a', '…', 'c'])).toBeUndefined();
    expect(missingIn('a\nb\nc\n', ['a', 'c'])).toBe('c');
    expect(missingIn('run 7\n', ['run …'])).toBeUndefined();
    expect(missingIn('core  3 m 52 s\n', ['core  3 m 50 s'])).toBeUndefined();
    expect(missingIn('core  5 m 52 s\n', ['core  3 m 50 s'])).toBe('core  3 m 50 s');
  });
});

/** One line, without what differs from run to run or from recording to recording. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, 'ADDRESS');
}

/** `…` at an end stands for anything. */
function endings(text: string): string[] {
  return text.endsWith('…') ? [text, `${text.slice(0, -1)}x`, `${text.slice(0, -1)}x.`] : [text];
}

function steady(line: string): string {
  return line.replaceAll(/kustomization-[0-9a-f]+/g, 'kustomization-N').replace(/ \(waited \d+ s\)$/, '');
}

function namesItsCluster(line: string): boolean {
  const [tool] = line.split(' ');
  const has = (...flags: string[]): boolean => flags.every((flag) => line.includes(` ${flag} `));
  switch (tool) {
    case 'talosctl':
      return has('--talosconfig', '--context') || has('--insecure', '-n') || / validate | --client /.test(line);
    case 'kubectl':
    case 'flux':
    case 'cilium':
      return has('--kubeconfig', '--context');
    case 'helm':
    case 'helmfile':
      // What only asks a registry or a repository has no cluster.
      return has('--kubeconfig', '--kube-context') || / (?:show|search) /.test(line);
    default:
      return true;
  }
}
