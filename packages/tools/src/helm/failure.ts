import type { FailureRule } from '../failure.ts';

const NO_CHART = 'Mend chart and version in the helmfile; then run the same command again.';

/** Texts of helm, which helmfile passes on. From recordings and helm's own messages; the first that fits judges. */
export const HELM_RULES: readonly FailureRule[] = [
  {
    pattern: /context "[^"]*" does not exist/,
    kind: 'fatal',
    cause: 'the kubeconfig has no such context',
    remedy:
      'Write the kubeconfig again with `coldstart talos kubeconfig <cluster>`, or name the context with --context.',
  },
  {
    pattern: /another operation \(install\/upgrade\/rollback\) is in progress/,
    kind: 'fatal',
    cause: 'another helm operation on this release is in progress, or was ended in the middle',
    remedy:
      'If no other helm is at work, roll the release back (`helm rollback`) or, at its first revision, uninstall it (`helm uninstall`); then run the same command again.',
  },
  {
    pattern: /x509: certificate signed by unknown authority|tls: failed to verify certificate/,
    kind: 'fatal',
    cause:
      'a server shows a certificate that is not trusted: the API server (another cluster at this address?) or the chart registry',
    remedy: 'Find out which of the two it is before anything else: the lines above name the address.',
  },
  {
    pattern: /on source: (?<chart>\S+): not found/,
    kind: 'fatal',
    cause: 'the registry does not have the chart $<chart>',
    remedy: NO_CHART,
    page: 'chart',
  },
  {
    pattern: /chart "(?<chart>[^"]*)" matching (?<version>\S*) ?not found in (?<repository>\S+) index/,
    kind: 'fatal',
    cause: 'the repository $<repository> does not have the chart $<chart> at version $<version>',
    remedy: NO_CHART,
    page: 'chart',
  },
  {
    pattern: /chart "(?<chart>[^"]*)"(?: version "[^"]*")? not found in (?<repository>\S+) repository/,
    kind: 'fatal',
    cause: 'the repository $<repository> does not have the chart $<chart>, or not at this version',
    remedy: NO_CHART,
    page: 'chart',
  },
  {
    pattern: /\/tags\/list": response status code 404: name unknown/,
    kind: 'fatal',
    cause: 'the registry has no chart of this name',
    remedy: NO_CHART,
    page: 'chart',
  },
  {
    pattern: /Error: repo (?<repository>\S+) not found/,
    kind: 'fatal',
    cause: 'helm knows no repository $<repository>',
    remedy: 'Name it under `repositories` in the helmfile, or `helm repo add` it; then run the same command again.',
    page: 'chart',
  },
  {
    pattern:
      /path "[^"]*" not found|chart "[^"]*" (matching|version)|chart metadata is missing|no chart version found|could not locate a version matching/,
    kind: 'fatal',
    cause: 'the chart, or this version of it, does not exist',
    remedy: NO_CHART,
    page: 'chart',
  },
  {
    pattern: /unauthorized|401 Unauthorized|denied: |403 Forbidden/i,
    kind: 'fatal',
    cause: 'the chart registry (or the API server) refuses the credentials',
    remedy: 'Log in with `helm registry login`, or mend the kubeconfig; the lines above name the address.',
    page: 'chart',
  },
  {
    pattern: /429 Too Many Requests|toomanyrequests|rate limit/i,
    kind: 'transient',
    cause: 'the chart registry limits the rate of requests',
    remedy: 'Wait, or log in to the registry (`helm registry login`), and run the same command again.',
    page: 'chart',
  },
  {
    pattern: /because it is being terminated/,
    kind: 'transient',
    cause: 'a namespace of the release is still being deleted',
    remedy: 'Wait until it is gone, and run the same command again.',
  },
  {
    pattern: /kubernetes cluster unreachable/i,
    kind: 'transient',
    cause: 'the API server could not be reached',
    remedy:
      'Look whether the control planes are up and the address in the kubeconfig is right; then run the same command again.',
  },
  {
    pattern:
      /failed to perform "(FetchReference|Resolve|Fetch)" on source|failed to fetch|looks like .* is not a valid chart repository|failed to do request|could not download chart/i,
    kind: 'transient',
    cause: 'the chart could not be fetched from its registry',
    remedy: 'Look whether the registry answers; then run the same command again.',
    page: 'chart',
  },
  {
    pattern: /not ready\. status: |context deadline exceeded|timed out waiting for the condition/,
    kind: 'ambiguous',
    cause: 'the release was installed, and its pods were not Ready in time',
    remedy: 'Look at the pods named below (image, node, volume); run the same command again once they can run.',
  },
  {
    pattern: /no matches for kind|ensure CRDs are installed first/,
    kind: 'fatal',
    cause: 'the chart needs a kind that the cluster does not have: a CRD is missing',
    remedy: 'Add the CRD to the CRD helmfile, and run the CRD phase again.',
  },
  {
    pattern: /failed calling webhook/,
    kind: 'transient',
    cause: 'an admission webhook did not answer',
    remedy: 'Look whether the pods behind the webhook are Ready, and run the same command again.',
  },
  {
    pattern:
      /cannot be imported into the current release|invalid ownership metadata|cannot reuse a name that is still in use/,
    kind: 'fatal',
    cause: 'objects of this release are there already and belong to someone else',
    remedy:
      "Find out who made them; give them helm's labels and annotations, or remove them, and run the same command again.",
  },
  {
    pattern:
      /execution error at|error calling (include|tpl|fail|required)|values don't meet the specifications|YAML parse error|parse error at/,
    kind: 'fatal',
    cause: 'the chart does not render with these values',
    remedy: 'Mend the values that the message names.',
  },
  {
    pattern: /connection refused|no such host|no route to host|network is unreachable/,
    kind: 'transient',
    cause: 'an address could not be reached: the API server or the chart registry',
    remedy: 'The lines above name the address; run the same command again once it answers.',
  },
  {
    pattern: /unexpected EOF|connection reset by peer|i\/o timeout|TLS handshake timeout|client connection lost/,
    kind: 'ambiguous',
    cause: 'a connection broke in the middle',
    remedy: 'Run the same command again.',
  },
];
