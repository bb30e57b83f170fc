export { parseBatch, parseLsTree } from './objects.ts';
export { lsRemoteFailure, parseLsRemote, SSH_AS_OPERATOR, SSH_WITH_KEY } from './remote.ts';
export { git, parseGitVersion } from './tool.ts';
