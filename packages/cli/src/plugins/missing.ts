/** Which package brings what, for whoever does not have it yet. Longest match first. */
const BROUGHT_BY: readonly [words: string, plugin: string][] = [
  ['verify flux', '@coldstart/plugin-flux'],
  ['verify handover', '@coldstart/plugin-flux'],
  ['verify cilium', '@coldstart/plugin-cilium'],
  ['talos', '@coldstart/plugin-talos'],
];

/** The line that installs a package. */
export function installLine(plugin: string): string {
  return `npm install ${plugin}`;
}

/** The package that would bring the command that these words begin, if we know of one. */
export function bringerOf(words: readonly string[]): string | undefined {
  const said = `${words.join(' ')} `;
  return BROUGHT_BY.find(([begin]) => said.startsWith(`${begin} `))?.[1];
}
