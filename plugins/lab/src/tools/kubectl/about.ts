import { API_CALL } from '../common/access.ts';
import { printed, sorted } from '../common/result.ts';
import { notSimulated } from '../tool.ts';
import { reach, type Command } from './command.ts';
import { unreached } from './failures.ts';

const built = {
  gitCommit: '$Format:%H$',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.26.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};

/** `kubectl version`: the client's, and the server's as the machine config names it. */
export const version: Command = async (model, call, flags) => {
  const client = { major: '1', minor: '36', gitVersion: 'v1.36.3', ...built };
  const output = flags.value('output');
  const text = (lines: string[]): string => `${lines.join('\n')}\n`;
  if (flags.on('client'))
    return printed(
      output === 'json'
        ? `${JSON.stringify({ clientVersion: client, kustomizeVersion: 'v5.8.1' }, null, 2)}\n`
        : text(['Client Version: v1.36.3', 'Kustomize Version: v5.8.1']),
    );
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') {
    const problem = await unreached(model, call, access, 'raw');
    const shown =
      output === 'json'
        ? `${JSON.stringify({ clientVersion: client, kustomizeVersion: 'v5.8.1' }, null, 2)}\n`
        : text(['Client Version: v1.36.3', 'Kustomize Version: v5.8.1']);
    return { ...problem, stdout: access.how === 'no-context' || access.how === 'no-file' ? '' : shown };
  }
  const gitVersion = serverVersion(model.expected.kubernetesVersion);
  const [major = '1', minor = '0'] = gitVersion.slice(1).split('.');
  if (output !== 'json')
    return printed(text(['Client Version: v1.36.3', 'Kustomize Version: v5.8.1', `Server Version: ${gitVersion}`]));
  const server = {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    ...built,
  };
  return printed(
    `${JSON.stringify({ clientVersion: client, kustomizeVersion: 'v5.8.1', serverVersion: server }, null, 2)}\n`,
  );
};

/** With its `v`; the one that was recorded where nothing told another. */
export const serverVersion = (told: string | null): string =>
  told === null ? 'v1.36.3' : told.startsWith('v') ? told : `v${told}`;

export const clusterInfo: Command = async (model, call, flags) => {
  if (flags.words.length > 0) return notSimulated('kubectl', call.argv);
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'discovery');
  return printed(
    `Kubernetes control plane is running at ${access.server}\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n`,
  );
};

export const whoami: Command = async (model, call, flags) => {
  if (flags.words[0] !== 'whoami' || !['json', undefined].includes(flags.value('output')))
    return notSimulated('kubectl', call.argv);
  await call.spend(API_CALL);
  const access = reach(model, call, flags);
  if (access.how !== 'open') return unreached(model, call, access, 'discovery');
  const userInfo = { username: 'admin', groups: ['system:masters', 'system:authenticated'] };
  if (flags.value('output') === undefined)
    return printed(`ATTRIBUTE   VALUE\nUsername    ${userInfo.username}\nGroups      [${userInfo.groups.join(' ')}]\n`);
  return printed(
    `${JSON.stringify(sorted({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { creationTimestamp: model.clock.wall() }, status: { userInfo } }), null, 4)}\n`,
  );
};
