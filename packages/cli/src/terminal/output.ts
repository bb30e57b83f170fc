type Redact = (text: string) => string;
let redact: Redact = (text) => text;

/** From now on, everything that is printed passes through this. */
export function redactOutput(by: Redact): void {
  redact = by;
}

/** The result of a command. Nothing else goes to stdout. */
export function writeOut(text: string): void {
  process.stdout.write(redact(text));
}

/** Progress, messages and errors. */
export function writeErr(text: string): void {
  process.stderr.write(redact(text));
}

/** Resolves once both streams have handed over what was written: a pipe takes 64 KiB at a time. */
export async function drain(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map((stream) => new Promise<void>((done) => stream.write('', () => done()))),
  );
}
