import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Leash = {
  /** This process group is ended when we are gone. */
  hold: (pid: number) => void;
  /** It ended by itself. */
  drop: (pid: number) => void;
  /** Ends what is still held, and the leash. */
  end: () => Promise<void>;
};

/** What is held by it does not outlive this process: leash-process.ts says how. */
export const leash = (): Leash => {
  const file = fileURLToPath(new URL('leash-process.ts', import.meta.url));
  // Its own session, or a Ctrl-C in the terminal would reach it too.
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  child.stdin.on('error', () => {});
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const say = (line: string): void => void child.stdin.write(`${line}\n`);
  return {
    hold: (pid) => say(`hold ${pid}`),
    drop: (pid) => say(`drop ${pid}`),
    end: async () => {
      child.stdin.end();
      await gone;
    },
  };
};
