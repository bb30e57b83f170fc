import { homedir } from 'node:os';

/** The operator's environment variables. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;

/** One of them; undefined where it is not set, or empty. */
export function variable(name: string): string | undefined {
  return environment[name] || undefined;
}

export function homeFolder(): string {
  return variable('HOME') ?? homedir();
}
