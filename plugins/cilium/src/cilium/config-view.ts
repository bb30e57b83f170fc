/** `cilium config view`: a key and its value on each line; a value may be empty. */
export function parseConfigView(stdout: string): Record<string, string> {
  const config: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const line of stdout.split('\n')) {
    const found = /^([a-zA-Z0-9._-]+)(?:\s+(.*\S))?\s*$/.exec(line);
    if (found?.[1]) config[found[1]] = found[2] ?? '';
  }
  return config;
}
