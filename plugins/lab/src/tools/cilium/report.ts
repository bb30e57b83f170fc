import type { Part, Status } from './look.ts';

const ESC = '\u001B[';
const RED = `${ESC}31m`;
const GREEN = `${ESC}32m`;
const YELLOW = `${ESC}33m`;
const BLUE = `${ESC}34m`;
const MAGENTA = `${ESC}35m`;
const CYAN = `${ESC}36m`;
const OFF = `${ESC}0m`;

/** `cilium status` for people: it paints colour into pipes too. */
export function report(status: Status): string {
  const part = (name: string): Part | undefined => status.parts.find((each) => each.name === name);
  const summary = (name: string, absent: string): string => {
    const found = part(name);
    const errors = status.errors.filter((error) => error.part === name).length;
    if (errors > 0) return `${RED}${errors} errors${OFF}`;
    return found?.there === true ? `${GREEN}OK${OFF}` : `${CYAN}${absent}${OFF}`;
  };
  const head = [
    `${YELLOW}    /¯¯\\`,
    `${CYAN} /¯¯${YELLOW}\\__/${GREEN}¯¯\\${OFF}    Cilium:             ${summary('cilium', 'disabled')}`,
    `${CYAN} \\__${RED}/¯¯\\${GREEN}__/${OFF}    Operator:           ${summary('cilium-operator', 'disabled')}`,
    `${GREEN} /¯¯${RED}\\__/${MAGENTA}¯¯\\${OFF}    Envoy DaemonSet:    ${summary('cilium-envoy', 'disabled (using embedded mode)')}`,
    `${GREEN} \\__${BLUE}/¯¯\\${MAGENTA}__/${OFF}    Hubble Relay:       ${summary('hubble-relay', 'disabled')}`,
    `${BLUE}${BLUE}${BLUE}    \\__/${OFF}       ClusterMesh:        ${CYAN}disabled${OFF}`,
    '',
  ];
  const there = status.parts.filter((each) => each.there);
  const colour = (each: Part): string => (each.ready === each.desired ? GREEN : RED);
  const ratio = (each: Part): string => `${colour(each)}${each.ready}/${each.desired}${OFF}`;
  const counts = there.map(
    (each) =>
      `${each.kind.padEnd(23)}${each.name.padEnd(25)}Desired: ${each.desired}, Ready: ${ratio(each)}, Available: ${ratio(each)}`,
  );
  const indent = ' '.repeat(23);
  const listed = [...there.map((each) => each.name), 'clustermesh-apiserver'].toSorted();
  const containers = listed.map((name, index) => {
    const phases = Object.entries(part(name)?.phases ?? {}).map(
      ([phase, many]) => `${phase}: ${phase === 'Running' ? GREEN : RED}${many}${OFF}`,
    );
    return `${index === 0 ? 'Containers:'.padEnd(23) : indent}${name.padEnd(25)}${phases.join(', ')}`;
  });
  const images = there
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((each) => Object.entries(each.images).map(([image, many]) => `${each.name.padEnd(19)}${image}: ${many}`));
  const errors = status.errors.map(({ part: name, subject, text }) => `${name.padEnd(19)}${subject.padEnd(16)}${text}`);
  const section = (title: string, lines: string[]): string[] =>
    lines.map((line, index) => `${index === 0 ? title.padEnd(23) : indent}${line}`);
  return `${[
    ...head,
    ...counts,
    ...containers,
    `${'Cluster Pods:'.padEnd(23)}${status.pods.managed}/${status.pods.all} managed by Cilium`,
    `${'Helm chart version:'.padEnd(23)}${status.chart}`,
    ...section('Image versions', images),
    ...section('Errors:', errors),
  ].join('\n')}\n`;
}
