import type { Failure, Judgement } from '@coldstart/contract';
import { judge, type FailureRule } from '../failure.ts';

const AGAIN = 'Run the same command again.';

/** Texts of kubectl and of the API server, from recordings and from client-go's own messages. The order matters: the first that fits. */
const RULES: readonly FailureRule[] = [
  {
    pattern: /context was not found for specified context|context "[^"]*" does not exist/,
    kind: 'fatal',
    cause: 'the kubeconfig has no such context',
    remedy:
      'Write the kubeconfig again with `coldstart talos kubeconfig <cluster>`, or name the context with --context.',
  },
  {
    pattern:
      /x509: certificate signed by unknown authority|x509: certificate is valid for|tls: failed to verify certificate/,
    kind: 'fatal',
    refuse: true,
    cause:
      'the API server shows a certificate that the kubeconfig does not trust: another cluster may answer at this address',
    remedy:
      'Find out which cluster answers there before anything is changed; then write the kubeconfig again with `coldstart talos kubeconfig <cluster>`.',
  },
  {
    pattern: /\(Unauthorized\)|You must be logged in to the server/,
    kind: 'fatal',
    cause: 'the API server does not know the credentials of the kubeconfig',
    remedy: 'Write the kubeconfig again with `coldstart talos kubeconfig <cluster>`.',
  },
  {
    pattern: /because it is being terminated/,
    kind: 'transient',
    cause: 'the namespace is still being deleted',
    remedy: `Wait until it is gone (\`kubectl get namespace\`). ${AGAIN}`,
  },
  {
    pattern: /\(Forbidden\)|is forbidden: User/,
    kind: 'fatal',
    cause: 'the API server forbids it to this user',
    remedy: 'Use an admin kubeconfig: `coldstart talos kubeconfig <cluster>` writes one.',
  },
  {
    pattern: /no matches for kind|ensure CRDs are installed first|the server doesn't have a resource type/,
    kind: 'transient',
    cause: 'the API server does not serve this kind yet: its CRD is missing or not established',
    remedy: 'Look whether the CRD phase brought it (`kubectl get crd`), and run the same command again.',
  },
  {
    pattern: /Apply failed with \d+ conflicts?/,
    kind: 'fatal',
    cause: 'fields of the object belong to another field manager, and were left alone',
    remedy: 'See who holds them with `kubectl get … --show-managed-fields -o yaml`, and decide who shall.',
  },
  {
    pattern: /failed calling webhook/,
    kind: 'transient',
    cause: 'an admission webhook did not answer',
    remedy: `Look whether the pods behind the webhook are Ready. ${AGAIN}`,
  },
  {
    pattern: /namespaces "[^"]*" not found/,
    kind: 'fatal',
    cause: 'the namespace is not there',
    remedy: 'Add it to resources/namespaces.yaml, and run the same command again.',
  },
  {
    // kubectl asks for the schemas before it sends anything, and calls a failure of that a failure to validate.
    pattern:
      /failed to download openapi|error validating [^\n]*(?:connection refused|no route to host|network is unreachable|no such host|i\/o timeout|: EOF)/,
    kind: 'transient',
    cause: 'the API server could not be reached: the manifest was not even validated',
    remedy: `Look whether the control planes are up and the address in the kubeconfig is right. ${AGAIN}`,
  },
  {
    pattern: /error validating|Invalid value|is invalid:|strict decoding error|error parsing/,
    kind: 'fatal',
    cause: 'the API server or kubectl does not accept the manifest',
    remedy: `Mend the manifest as the message says. ${AGAIN}`,
  },
  {
    pattern:
      /connection refused|was refused - did you specify|no route to host|network is unreachable|no such host|server misbehaving/,
    kind: 'transient',
    cause: 'the API server could not be reached',
    remedy: `Look whether the control planes are up and the address in the kubeconfig is right. ${AGAIN}`,
  },
  {
    pattern:
      /TooManyRequests|etcdserver: (leader changed|request timed out|too many requests)|the server is currently unable to handle the request|ServiceUnavailable|apiserver not ready/,
    kind: 'transient',
    cause: 'the API server is overloaded or not ready',
    remedy: AGAIN,
  },
  {
    pattern:
      /unexpected EOF|: EOF$|connection reset by peer|broken pipe|i\/o timeout|TLS handshake timeout|context deadline exceeded|http2: (client connection lost|server sent GOAWAY)|Client\.Timeout exceeded/m,
    kind: 'ambiguous',
    cause: 'the connection to the API server broke before it answered',
    remedy: AGAIN,
  },
];

/** What a failed kubectl call means. Server-side apply may be sent again, so what is ambiguous only costs a look. */
export function kubectlFailure(failure: Failure): Judgement {
  return judge(failure, RULES, 'kubectl');
}
