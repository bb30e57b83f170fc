import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { exampleCopy, HOST, temporary } from './support/run.ts';

type OnTerminal = { exit: number | null; stdout: string; screen: string };

/**
 * Runs the command with its stderr on a terminal of its own (`script` of util-linux), and its stdout in a file.
 * `typed` gives, for what stands on the terminal so far, the keys to send next; asked at each output until it answers.
 */
async function onTerminal(
  args: string[],
  at: { size?: string; env?: Record<string, string>; typed?: (screen: string) => string | undefined } = {},
): Promise<OnTerminal> {
  return programOnTerminal([join(HOST, 'bin', 'run.js'), ...args], at);
}

async function programOnTerminal(
  program: string[],
  at: { size?: string; env?: Record<string, string>; typed?: (screen: string) => string | undefined } = {},
): Promise<OnTerminal> {
  const out = join(temporary(), 'stdout');
  const words = [process.execPath, ...program].map((word) => `'${word}'`).join(' ');
  const { size = 'cols 120 rows 50', typed } = at;
  const child = spawn('script', ['-q', '-e', '-f', '-c', `stty ${size}; exec ${words} > '${out}'`, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', ...at.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let screen = '';
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const keys = sent ? undefined : typed?.(screen);
    if (keys !== undefined) {
      sent = true;
      child.stdin.write(keys);
    }
  });
  const exit = await new Promise<number | null>((done, failed) => child.on('error', failed).on('close', done));
  return { exit, stdout: readFileSync(out, 'utf8'), screen };
}

/** What stands there without what moves the cursor or paints. */
// oxlint-disable-next-line no-control-regex -- escape sequences are what it is about
const plain = (screen: string): string => screen.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '');
const HIDE = '\u001B[?25l';
const SHOW = '\u001B[?25h';
const rehearse = ['cluster', 'create', 'infra', '--rehearse'];

describe('progress on a terminal', () => {
  test('is a task list: each phase with its time, and the result alone on stdout', async () => {
    const { exit, stdout, screen } = await onTerminal([...rehearse, '--root', exampleCopy()]);
    expect(exit).toBe(0);
    for (const phase of ['Talos', 'Prerequisites', 'CRDs', 'Core', 'Validation'])
      expect(plain(screen)).toMatch(new RegExp(`✔ ${phase}: .* \\(.*\\d+ s`));
    expect(screen.indexOf(HIDE)).toBeGreaterThan(0);
    expect(screen.lastIndexOf(SHOW)).toBeGreaterThan(screen.lastIndexOf(HIDE));
    expect(stdout).toMatch(/^create infra: done/);
    expect(stdout).not.toContain('\u001B');
  });

  test('a failure stands in the list with its cause', async () => {
    const args = [...rehearse, '--root', exampleCopy(), '--fault', 'wrong-ca@infra-03'];
    const { exit, screen } = await onTerminal(args);
    expect(exit).toBe(5);
    expect(plain(screen)).toMatch(
      /› Nodes answer and fit their configs: infra-03 refused: [^✔✖]*another\s+cluster's CA/,
    );
    expect(plain(screen)).not.toMatch(/✔ (Prerequisites|CRDs|Core|Validation)/);
    expect(plain(screen)).toMatch(/↓ Validation: .* not run/);
    expect(screen.lastIndexOf(SHOW)).toBeGreaterThan(screen.lastIndexOf(HIDE));
  });

  test('what is waited for before anything begins stands above it, at once', async () => {
    const program = ['--conditions=source', join(import.meta.dirname, 'support/waits.ts')];
    const { exit, screen } = await programOnTerminal(program);
    expect(exit).toBe(0);
    const told = screen.indexOf('talos talos/apply infra-02: process 77 of run r0 is still there: waits for its end');
    expect(told).toBeGreaterThanOrEqual(0);
    expect(told).toBeLessThan(screen.indexOf(HIDE));
    expect(plain(screen)).toMatch(/✔ Talos/);
  });

  test('Ctrl-C on it ends the run as interrupted and leaves the terminal as it was', async () => {
    const args = [...rehearse, '--root', exampleCopy(), '--pace', '60x'];
    const typed = (screen: string): string | undefined =>
      /Control planes.*\d\/3/.test(plain(screen)) ? '\u0003' : undefined;
    const { exit, stdout, screen } = await onTerminal(args, { typed });
    expect(exit).toBe(130);
    expect(stdout).toMatch(/^create infra: interrupted/);
    expect(screen.lastIndexOf(SHOW)).toBeGreaterThan(screen.lastIndexOf(HIDE));
  });

  test('NO_COLOR takes the colour away, and nothing else', async () => {
    const args = [...rehearse, '--root', exampleCopy(), '--fault', 'wrong-ca@infra-03'];
    const { screen } = await onTerminal(args, { env: { NO_COLOR: '1' } });
    // oxlint-disable-next-line no-control-regex -- escape sequences are what it is about
    expect(screen).not.toMatch(/\u001B\[\d*(;\d+)*m/);
    expect(plain(screen)).toContain('✔ Machine configs are valid');
  });

  test.each([
    ['does not tell its width', { size: 'cols 0 rows 0' }],
    ['is dumb', { env: { TERM: 'dumb' } }],
  ])('a terminal that %s gets plain lines', async (_, how) => {
    const args = [...rehearse, '--root', exampleCopy(), '--fault', 'wrong-ca@infra-03'];
    const { exit, screen } = await onTerminal(args, how);
    expect(exit).toBe(5);
    expect(screen).not.toContain(HIDE);
    expect(screen).not.toContain('✔');
    expect(screen.split('\n').length).toBeGreaterThan(20);
  });
});
