import { succeeded, type Ms, type Reader } from '@coldstart/contract';
import { kubectlArgv, plain, textOf, whyNot, type KubeAccess } from '@coldstart/tools';

/** Port of the Kubernetes API on control planes. */
const API_PORT = 6443;
const DEADLINE: Ms = 20_000;

/** The API's address on one control plane. */
export const serverAt = (address: string): string =>
  `https://${address.includes(':') ? `[${address}]` : address}:${API_PORT}`;

export type RawAnswer =
  | { ok: true; text: string }
  | { ok: false; why: string; kind: 'away' | 'stranger' | 'rejected' | 'other' };

/** Asks the API for a raw path, at the kubeconfig's address or at another server's. */
export async function askApi(world: Reader, access: KubeAccess, path: string, server?: string): Promise<RawAnswer> {
  const argv = kubectlArgv(
    access,
    ...(server === undefined ? [] : ['--server', server]),
    '--request-timeout=5s',
    'get',
    '--raw',
    path,
  );
  const done = await world.probe({ tool: 'kubectl', argv, deadline: DEADLINE });
  if (succeeded(done)) return { ok: true, text: textOf(done.stdout).trim() };
  return { ok: false, why: whyNot(done), kind: done.how === 'exit' ? kindOf(done.stderr) : 'other' };
}

/** What `kubectl cluster-info` says of the control plane, in one line. */
export async function clusterInfo(world: Reader, access: KubeAccess): Promise<{ ok: boolean; line: string }> {
  const done = await world.probe({
    tool: 'kubectl',
    argv: kubectlArgv(access, '--request-timeout=5s', 'cluster-info'),
    deadline: DEADLINE,
  });
  const ok = succeeded(done);
  return { ok, line: ok ? (plain(textOf(done.stdout)).split('\n')[0] ?? '').trim() : whyNot(done) };
}

function kindOf(stderr: string): Exclude<RawAnswer, { ok: true }>['kind'] {
  if (/certificate signed by unknown authority|failed to verify certificate/.test(stderr)) return 'stranger';
  if (
    /Unauthorized|must be logged in|certificate has expired|bad certificate|certificate required|unknown certificate/.test(
      stderr,
    )
  )
    return 'rejected';
  if (
    /refused|i\/o timeout|no route to host|deadline exceeded|EOF|reset by peer|TLS handshake timeout|Client\.Timeout|unreachable/.test(
      stderr,
    )
  )
    return 'away';
  return 'other';
}
