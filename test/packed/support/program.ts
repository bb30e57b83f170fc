import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Installed } from './install.ts';

export type Ended = { exit: number | null; signal: string | null; stdout: string; stderr: string };
export type Running = {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Waits until the stub tool has logged it. */
  said(text: string): Promise<void>;
  /** Waits until coldstart has told it. */
  says(text: string): Promise<void>;
};

/** A repository of one cluster with the stub tool on its PATH. */
export class Ground {
  readonly root = mkdtempSync(join(tmpdir(), 'coldstart-ground-'));
  readonly #bin = join(this.root, '..', `${this.root.split('/').at(-1)}-bin`);

  constructor() {
    mkdirSync(join(this.root, 'clusters/infra'), { recursive: true });
    writeFileSync(join(this.root, 'coldstart.yaml'), 'version: 1\n');
    writeFileSync(join(this.root, '.gitignore'), 'kubernetes/kubeconfig\nstub.log\n');
    mkdirSync(this.#bin);
    copyFileSync(join(import.meta.dirname, 'stubtool.js'), join(this.#bin, 'stubtool'));
    chmodSync(join(this.#bin, 'stubtool'), 0o755);
    writeFileSync(join(this.#bin, 'package.json'), '{"type":"module"}');
  }

  start(installed: Installed, args: readonly string[], env: Record<string, string> = {}): Running {
    const path = `${this.#bin}:${join(process.execPath, '..')}:${process.env['PATH']}`;
    const child = spawn(process.execPath, [installed.bin, ...args], {
      cwd: this.root,
      env: { HOME: this.root, PATH: path, USER: 'op', NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const bound = setTimeout(() => child.kill('SIGKILL'), 300_000);
    const ended = new Promise<Ended>((resolve) =>
      child.on('close', (exit, signal) => {
        clearTimeout(bound);
        resolve({ exit, signal, stdout, stderr });
      }),
    );
    const said = async (text: string): Promise<void> => {
      while (!this.log().some((line) => JSON.stringify(line).includes(text))) {
        if (child.exitCode !== null) throw new Error(`it ended before it said ${text}: ${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const says = async (text: string): Promise<void> => {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended before it said ${text}: ${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    return { child, ended, said, says };
  }

  run(installed: Installed, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return this.start(installed, args, env).ended;
  }

  /** What the stub tool received, in order. */
  log(): Record<string, unknown>[] {
    const file = join(this.root, 'stub.log');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((l) => JSON.parse(l) as Record<string, unknown>);
  }

  write(path: string): void {
    writeFileSync(join(this.root, path), '');
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
    rmSync(this.#bin, { recursive: true, force: true });
  }
}
