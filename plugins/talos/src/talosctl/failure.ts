/** Named reasons why a call of talosctl failed, most telling first. Keyed on substrings: prefixes differ between versions. */
const CAUSES = [
  ['another-machine', /peer certificate doesn't match the provided fingerprints/],
  ['foreign-ca', /x509: certificate signed by unknown authority \(possibly because of/],
  ['unknown-authority', /x509: certificate signed by unknown authority/],
  ['certificate-address', /x509: (?:certificate is valid for|cannot validate certificate for)/],
  ['certificate-time', /x509: certificate has expired or is not yet valid/],
  ['client-certificate-wanted', /remote error: tls: certificate required/],
  ['client-certificate-refused', /remote error: tls: (?:bad|unknown|expired|revoked)/],
  ['handshake-silent', /authentication handshake failed: context deadline exceeded/],
  ['connection-refused', /connect: connection refused/],
  ['no-route', /no route to host|network is unreachable/],
  ['timed-out', /i\/o timeout/],
  ['name-not-found', /no such host|server misbehaving/],
  ['disk-not-found', /no disks matched the expression/],
  ['no-install-disk', /either install disk or diskSelector should be defined/],
  ['unknown-keys', /unknown keys found during decoding/],
  ['bootstrap-not-yet', /bootstrap is not available yet/],
  ['time-not-in-sync', /time is not in sync yet/],
  [
    'control-plane-only',
    /(?:is|be performed) only (?:available )?on (?:a )?control plane nodes?|can only be performed on a control plane node/,
  ],
  ['etcd-data-exists', /etcd data directory is not empty/],
  ['apply-in-progress', /another apply configuration is already in progress/],
  ['already-applied', /configuration was already applied and node is rebooting/],
  ['installed-elsewhere', /Talos is already installed to disk but booted from another media/],
  [
    'not-in-maintenance',
    /not implemented in maintenance mode|not supported in maintenance mode|method \w+ not implemented/,
  ],
  ['no-forwarding', /no request forwarding/],
  ['not-authorized', /code = PermissionDenied/],
  ['too-many-learners', /too many learner members in cluster/],
  ['etcd-not-up', /(?:create|building) etcd client|etcdserver: /],
  ['several-nodes', /is not supported with multiple nodes/],
  ['no-talosconfig', /talos config file is empty|error reading config file/],
  [
    'unknown-context',
    /failed to determine endpoints|context "[^"]*" is not defined|failed to resolve configuration context/,
  ],
  ['config-missing', /open \S+: no such file or directory|config not found/],
  ['no-such-resource', /code = NotFound/],
  ['config-invalid', /code = InvalidArgument/],
  ['usage', /^unknown flag|^invalid argument|^Usage:/m],
  ['cut', /EOF\b|connection reset by peer|broken pipe|error reading server preface|transport is closing/],
  ['cancelled', /code = Canceled|Signal received, aborting/],
  ['rpc-deadline', /code = DeadlineExceeded|context deadline exceeded/],
] as const satisfies readonly (readonly [string, RegExp])[];

export type Cause = (typeof CAUSES)[number][0] | 'deadline' | 'missing-tool' | 'stopped' | 'other';

export type Fault = {
  cause: Cause;
  /** The gRPC code that the server or transport gave; null where the client gave up by itself. */
  code: string | null;
  /** The node that the text names; null where it names none. */
  node: string | null;
  /** What the tool said, in one line. */
  message: string;
};

const CODE = /rpc error: code = (\w+)(?: desc = |$)/;
/** `1 error occurred:\n\t* 192.0.2.11: rpc error: …`, the frame of what came through a proxying endpoint. */
const FRAMED = /^\s*\* (?:(\S+): )?((?:rpc error: )?.*)$/m;

/**
 * Names what went wrong from what talosctl wrote to stderr. Takes both frames: the raw `rpc error: …` of a node that
 * answers for itself, and the list of errors of one that answers through an endpoint.
 */
export function faultOf(stderr: string): Fault {
  const framed = /errors? occurred:/.test(stderr) ? FRAMED.exec(stderr) : null;
  const cause = CAUSES.find(([, pattern]) => pattern.test(stderr))?.[0] ?? 'other';
  return { cause, code: CODE.exec(stderr)?.[1] ?? null, node: framed?.[1] ?? null, message: oneLine(stderr) };
}

/**
 * A failure that exits 0: asked for several nodes, or for one through an endpoint, some commands print `WARNING: 1 error
 * occurred` beside an empty table. A warning about versions is none.
 */
export function warnedFault(stderr: string): Fault | null {
  return /^WARNING: \d+ errors? occurred:/m.test(stderr) ? faultOf(stderr) : null;
}

/** The last line that says something, without the usage that cobra appends, at most 300 characters. */
function oneLine(stderr: string): string {
  const lines = stderr
    .split(/^Usage:/m)[0]
    ?.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('Signal received'));
  const text = (lines ?? []).join(' ').replace(/\s+/g, ' ');
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}
