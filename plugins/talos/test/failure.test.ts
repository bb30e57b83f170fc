import { describe, expect, test } from 'vitest';
import type { Failure } from '@coldstart/contract';
import { classifyTalos } from '../src/classify.ts';
import { adviceFor, kindOf } from '../src/remedies.ts';
import { faultOf, warnedFault, type Cause } from '../src/talosctl/failure.ts';
import { recording, recordings } from './recordings.ts';

/** Every failing recording of a call that this plugin makes, and the name that its text has to get. */
const EXPECTED: Record<string, Cause> = {
  'bootstrap-multi-node': 'several-nodes',
  'bootstrap-second-alreadyexists': 'etcd-data-exists',
  // 1.12 still has the mode, and says what it lacks here; 1.13 does not know it.
  'talosctl-1.12 cli-apply-mode-interactive': 'other',
  'cli-apply-mode-interactive': 'usage',
  'cli-insecure-no-nodes': 'unknown-context',
  'cli-missing-talosconfig': 'no-talosconfig',
  'cli-no-endpoints': 'unknown-context',
  'cli-no-nodes': 'unknown-context',
  'fault-apply-eof-after-success': 'cut',
  'fault-apply-invalidargument-disk': 'disk-not-found',
  'fault-apply-invalidargument-unknown-keys': 'unknown-keys',
  'fault-bootstrap-eof-after-success': 'cut',
  'fault-bootstrap-failedprecondition-not-available': 'bootstrap-not-yet',
  'fault-bootstrap-failedprecondition-time': 'time-not-in-sync',
  'fault-bootstrap-hang-killed-after-8s': 'cancelled',
  'fault-bootstrap-hang-killed': 'cancelled',
  'fault-bootstrap-rst-after-success': 'cut',
  'fault-client-cert-of-another-ca': 'cut',
  'fault-connection-refused-apply': 'connection-refused',
  'fault-connection-refused-insecure-version': 'connection-refused',
  'fault-connection-refused-insecure': 'connection-refused',
  'fault-connection-refused-secure-version': 'connection-refused',
  'fault-stale-secrets-other-cluster-ca-version': 'foreign-ca',
  'fault-syn-dropped-get-insecure': 'timed-out',
  'fault-syn-dropped-version': 'timed-out',
  'fault-tcp-accepts-then-silent': 'handshake-silent',
  'fault3-secure-call-to-maintenance-get': 'unknown-authority',
  'fault3-secure-call-to-maintenance-services': 'unknown-authority',
  'fault3-secure-call-to-maintenance-version': 'unknown-authority',
  'fault4-insecure-to-configured-apply': 'client-certificate-wanted',
  'fault4-insecure-to-configured-get': 'client-certificate-wanted',
  'fault4-insecure-to-configured-version': 'client-certificate-wanted',
  'installing-connection-refused-insecure': 'connection-refused',
  'installing-connection-refused-secure': 'connection-refused',
  'maint-apply-dry-run-mode-no-reboot-server-1.12': 'not-in-maintenance',
  'maint-apply-dry-run-mode-staged-server-1.12': 'not-in-maintenance',
  'maint-bootstrap-secure-fault3': 'unknown-authority',
  'maint-get-absent-id': 'no-such-resource',
  'maint-get-machineconfig-denied': 'not-authorized',
  'maint-get-unknown-type': 'no-such-resource',
  'maint-version': 'not-in-maintenance',
  'multi-get-one-down': 'connection-refused',
  'secure-etcd-members-before-bootstrap': 'etcd-not-up',
  'secure-etcd-status-before-bootstrap': 'etcd-not-up',
  'secure-get-absent-id': 'no-such-resource',
  'secure-get-unknown-type': 'no-such-resource',
  'secure-older-server-bootstrap': 'etcd-data-exists',
  'secure-version-not-semver-get': 'other',
  'single-node-other-down-via-endpoint-bootstrap': 'connection-refused',
  'single-node-other-down-via-endpoint': 'connection-refused',
  'worker-as-endpoint-for-other-get': 'no-forwarding',
  'worker-as-endpoint-for-other-version': 'no-forwarding',
  'worker-bootstrap-via-cp': 'control-plane-only',
  'worker-direct-bootstrap': 'control-plane-only',
  'worker-direct-etcd-members': 'control-plane-only',
  'worker-direct-kubeconfig': 'control-plane-only',
  'worker-etcd-members-via-cp': 'control-plane-only',
};
/** Commands of later phases. */
const NOT_OURS = /-(?:reset|upgrade|health|watch)-|^maint-(?:reset|upgrade)|^fault-(?:reset|upgrade)|health|watch/;

describe('named causes of recorded failures', () => {
  const failing = ['talosctl-1.13', 'talosctl-1.12'].flatMap((folder) =>
    recordings(folder)
      .filter((name) => !NOT_OURS.test(name) && recording(folder, name).exit !== 0)
      .map((name) => [folder, name] as const),
  );

  test('there are recordings to hold against', () => expect(failing.length).toBeGreaterThan(60));

  test.each(failing)('%s %s', (folder, name) => {
    expect(faultOf(recording(folder, name).stderr).cause).toBe(EXPECTED[`${folder} ${name}`] ?? EXPECTED[name]);
  });
});

describe('validate, which talks to no node', () => {
  test.each([
    ['bad-context', 'unknown-context'],
    ['validate-missing', 'config-missing'],
    ['validate-empty', 'config-missing'],
    ['validate-no-disk', 'no-install-disk'],
    ['unknown-flag', 'usage'],
    ['validate-not-yaml', 'other'],
  ] as const)('%s', (name, cause) => {
    expect(faultOf(recording('talosctl-local', name).stderr).cause).toBe(cause);
  });
});

test.each([
  ['x509: certificate is valid for 192.0.2.10, not 192.0.2.11', 'certificate-address'],
  [
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time',
    'certificate-time',
  ],
  ['remote error: tls: unknown certificate authority', 'client-certificate-refused'],
  ['code = FailedPrecondition desc = another apply configuration is already in progress', 'apply-in-progress'],
  [
    'code = FailedPrecondition desc = configuration was already applied and node is rebooting, please wait',
    'already-applied',
  ],
  [
    'Talos is already installed to disk but booted from another media and talos.halt_if_installed kernel parameter is set',
    'installed-elsewhere',
  ],
  ['code = Unimplemented desc = method Bootstrap not implemented', 'not-in-maintenance'],
  ['etcdserver: too many learner members in cluster', 'too-many-learners'],
] as const)('text of Talos without a recording: %s', (text, cause) => {
  expect(faultOf(`rpc error: ${text}`).cause).toBe(cause);
});

describe('both frames', () => {
  test('through an endpoint: the node is named', () => {
    expect(faultOf(recording('talosctl-1.13', 'bootstrap-second-alreadyexists').stderr)).toMatchObject({
      node: '127.0.0.2',
      code: 'AlreadyExists',
    });
  });
  test('raw', () => {
    expect(faultOf(recording('talosctl-1.13', 'fault-apply-eof-after-success').stderr)).toMatchObject({
      node: null,
      code: 'Unavailable',
    });
  });
  test('a message is one line, and holds no usage text', () => {
    const { message } = faultOf(recording('talosctl-1.13', 'bootstrap-multi-node').stderr);
    expect(message).toBe('command "bootstrap" is not supported with multiple nodes');
  });
});

describe('failures that exit 0', () => {
  test.each([
    'multi-etcd-members-one-down',
    'multi-etcd-status-one-down',
    'multi-services-one-down',
    'multi-version-one-down',
  ])('%s', (name) => {
    const { exit, stderr } = recording('talosctl-1.13', name);
    expect(exit).toBe(0);
    expect(warnedFault(stderr)?.cause).toBe('connection-refused');
  });
  test('a warning about versions is none', () => {
    expect(warnedFault(recording('talosctl-1.13', 'secure-older-server-get').stderr)).toBeNull();
  });
});

describe('what a failure means for an action', () => {
  const exec = {
    do: 'exec',
    tool: 'talosctl',
    argv: [],
    deadline: 1,
    stop: { signal: 'SIGTERM', grace: 1, kill: true },
    id: 'apply',
    why: '',
    risk: 'change',
    guard: [],
  } as const;
  const failed = (text: string, how: Failure['how'] = 'exit'): Failure => ({
    action: exec as never,
    how,
    exit: 1,
    text,
  });

  test.each([
    ['fault-apply-eof-after-success', 'ambiguous'],
    ['fault-bootstrap-rst-after-success', 'ambiguous'],
    ['fault-bootstrap-hang-killed-after-8s', 'ambiguous'],
    ['bootstrap-second-alreadyexists', 'ambiguous'],
    ['fault-bootstrap-failedprecondition-not-available', 'transient'],
    ['fault-bootstrap-failedprecondition-time', 'transient'],
    ['fault-connection-refused-apply', 'transient'],
    ['fault4-insecure-to-configured-apply', 'transient'],
    ['maint-bootstrap-secure-fault3', 'transient'],
    ['fault-apply-invalidargument-disk', 'fatal'],
    ['fault-apply-invalidargument-unknown-keys', 'fatal'],
    ['worker-direct-bootstrap', 'fatal'],
    ['cli-missing-talosconfig', 'fatal'],
  ] as const)('%s is %s', (name, kind) => {
    expect(classifyTalos(failed(recording('talosctl-1.13', name).stderr)).kind).toBe(kind);
  });

  test('a deadline may have been met on the other side', () => {
    expect(classifyTalos(failed('', 'deadline'))).toMatchObject({
      kind: 'ambiguous',
      cause: 'talosctl gave no answer within its deadline',
    });
  });
  test('a foreign CA refuses', () => {
    expect(
      classifyTalos(failed(recording('talosctl-1.13', 'fault-stale-secrets-other-cluster-ca-version').stderr)),
    ).toMatchObject({ kind: 'fatal', refuse: true, page: 'foreign-ca' });
  });
  test('a tool that is not there did nothing', () => expect(classifyTalos(failed('', 'spawn')).kind).toBe('fatal'));
  test('an unknown text is looked into, never taken for one that may be tried again by rote', () =>
    expect(kindOf('other')).toBe('ambiguous'));
  test('every cause has a remedy', () => {
    for (const cause of new Set(Object.values(EXPECTED))) expect(adviceFor(cause).remedy).not.toBe('');
  });
});
