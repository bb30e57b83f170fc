export type Recording = { argv: string[]; exit: number; stdout: string; stderr: string };

/** Reads a recording: `$ command`, `exit: N`, `--- stdout`, text, `--- stderr`, text. */
export function parseRecording(text: string): Recording {
  const match = /^\$ (.*)\nexit: (\d+)\n--- stdout\n([\s\S]*?)--- stderr\n?([\s\S]*)$/.exec(text);
  if (!match) throw new Error(`not a recording: ${text.slice(0, 80)}`);
  return { argv: match[1]!.split(' '), exit: Number(match[2]), stdout: match[3]!, stderr: match[4]! };
}
