import type { Explanation } from '@coldstart/contract';

/** What Go's resolver says where a name has no address: `lookup git.example.com on 10.96.0.10:53: no such host`. */
const LOOKUP = /\blookup (?<host>[^\s:]+?)\.?(?: on \S+)?: (?<said>.+)/;

/**
 * What it comes to that Flux' resources are not Ready; `waiting`: each with Flux' own reason. Flux' controllers find the
 * Git server and each other by name: theirs are the first questions that anything asks of cluster DNS.
 */
export function trouble(waiting: readonly string[]): Explanation {
  const cause = waiting.join('; ');
  const { host, said } = waiting.map((why) => LOOKUP.exec(why)?.groups).find((found) => found !== undefined) ?? {};
  if (host === undefined || said === undefined)
    return {
      cause,
      remedy:
        'Mend what Flux names (branch, path, key, or the manifests themselves), push it to the branch that Flux reads, and run the same command again.',
      page: 'flux-not-ready',
    };
  const known = !said.startsWith('no such host');
  return {
    cause: `cluster DNS ${known ? 'does not answer for' : 'does not know'} ${host}: ${cause}`,
    remedy: known
      ? "Look at the Service of CoreDNS (its address is the one that kubelets give to pods, and it has endpoints), at CoreDNS' log and at network policies; then run the same command again."
      : 'Look whether the name in the URL is right, and where CoreDNS forwards to; then run the same command again.',
    page: 'dns',
  };
}
