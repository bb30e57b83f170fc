import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What became of a request that asked for a change.
 * - `persisted`: the API server stored something.
 * - `unchanged`: accepted, and the object was that way already (its resourceVersion is an earlier one).
 * - `refused`: answered with an error.
 * - `dry-run`: carried out without being stored.
 */
export type Result = 'persisted' | 'unchanged' | 'refused' | 'dry-run';

/** A request that asked for a change. */
export type Change = {
  at: string;
  user: string;
  agent: string;
  verb: string;
  /** `group/resource` or `resource`, with its subresource: `apps/deployments`, `pods/status`. */
  resource: string;
  namespace: string;
  name: string;
  code: number;
  result: Result;
};

/** Where in the audit log a count begins. */
export type Mark = { changes: number; reads: number };

export type Audit = {
  mark: () => Promise<Mark>;
  /** Requests for changes that clients made, the control plane's own components left out. */
  changes: (options?: { since?: Mark; except?: (change: Change) => boolean }) => Promise<Change[]>;
  /** How many reads clients made. */
  reads: (options?: { since?: Mark }) => Promise<number>;
};

type Event = {
  auditID: string;
  stage: string;
  verb: string;
  requestURI: string;
  requestReceivedTimestamp: string;
  userAgent?: string;
  user: { username: string; groups?: string[] };
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string };
  responseStatus?: { code?: number };
  responseObject?: { metadata?: { uid?: string; resourceVersion?: string; name?: string } };
};

/** The group of this harness's own certificates: its requests are not a client's. */
export const harnessGroup = 'coldstart-harness';

const isClient = ({ user }: Event): boolean =>
  !user.username.startsWith('system:') && !(user.groups ?? []).includes(harnessGroup);

/** Resources that only answer a question: a `create` of them stores nothing. */
const questions = new Set([
  'selfsubjectaccessreviews',
  'selfsubjectrulesreviews',
  'selfsubjectreviews',
  'subjectaccessreviews',
  'localsubjectaccessreviews',
  'tokenreviews',
  'serviceaccounts/token',
  'pods/exec',
  'pods/attach',
  'pods/portforward',
]);

const readVerbs = new Set(['get', 'list', 'watch', 'head', 'options']);

const resourceOf = ({ objectRef = {} }: Event): string =>
  [objectRef.resource ?? '', objectRef.subresource].filter(Boolean).join('/');

const isChange = (event: Event): boolean =>
  event.objectRef !== undefined && !readVerbs.has(event.verb) && !questions.has(resourceOf(event));

/** Reads the audit log as it grows. */
export const auditLog = (path: string): Audit => {
  const changes: Change[] = [];
  /** Changes of clients that were received and are not answered yet. */
  const unanswered = new Set<string>();
  /** `uid resourceVersion` pairs that some answer has shown. */
  const versions = new Set<string>();
  let reads = 0;
  let offset = 0;
  let rest = '';

  const resultOf = (event: Event): Result => {
    const code = event.responseStatus?.code ?? 0;
    const { uid, resourceVersion } = event.responseObject?.metadata ?? {};
    const version = uid && resourceVersion ? `${uid} ${resourceVersion}` : undefined;
    const known = version !== undefined && versions.has(version);
    if (version) versions.add(version);
    if (code < 200 || code >= 300) return 'refused';
    if (new URL(event.requestURI, 'https://localhost').searchParams.has('dryRun')) return 'dry-run';
    return known && (event.verb === 'patch' || event.verb === 'update') ? 'unchanged' : 'persisted';
  };

  const take = (event: Event): void => {
    if (!isChange(event)) {
      if (isClient(event) && event.stage === 'ResponseComplete') reads += 1;
      return;
    }
    if (event.stage === 'RequestReceived') {
      if (isClient(event)) unanswered.add(event.auditID);
      return;
    }
    unanswered.delete(event.auditID);
    const result = resultOf(event);
    if (!isClient(event)) return;
    const ref = event.objectRef ?? {};
    changes.push({
      at: event.requestReceivedTimestamp,
      user: event.user.username,
      agent: event.userAgent ?? '',
      verb: event.verb,
      resource: [ref.apiGroup, resourceOf(event)].filter(Boolean).join('/'),
      namespace: ref.namespace ?? '',
      name: ref.name ?? event.responseObject?.metadata?.name ?? '',
      code: event.responseStatus?.code ?? 0,
      result,
    });
  };

  const readOn = async (): Promise<void> => {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const buffer = Buffer.alloc(size - offset);
      const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
      offset += bytesRead;
      // A read may end within a character: bytes are kept as latin1 until their line is whole.
      rest += buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line) take(JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as Event);
  };

  let reading: Promise<void> = Promise.resolve();
  /** Reads until every change that was received has its answer in the log; one reader at a time. */
  const catchUp = (): Promise<void> => {
    reading = reading
      .catch(() => {})
      .then(async () => {
        for (let tries = 0; tries < 100; tries++) {
          await readOn();
          if (unanswered.size === 0) return;
          await sleep(100);
        }
        throw new Error(`${unanswered.size} requests in ${path} had no answer after 10 s`);
      });
    return reading;
  };

  return {
    mark: async () => {
      await catchUp();
      return { changes: changes.length, reads };
    },
    changes: async ({ since, except = () => false } = {}) => {
      await catchUp();
      return changes.slice(since?.changes ?? 0).filter((change) => !except(change));
    },
    reads: async ({ since } = {}) => {
      await catchUp();
      return reads - (since?.reads ?? 0);
    },
  };
};

/** For `except`: the lock that a run holds in the cluster. */
export const isLease =
  (namespace: string, name: string) =>
  (change: Change): boolean =>
    change.resource === 'coordination.k8s.io/leases' && change.namespace === namespace && change.name === name;
