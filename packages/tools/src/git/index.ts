export { parseBatch, parseLsTree } from './objects.ts';
export { firstWords, lsRemoteFailure, parseLsRemote, SSH_AS_OPERATOR, SSH_WITH_KEY, unasked } from './remote.ts';
export { gitRef } from './lock.ts';
export { git, parseGitVersion } from './tool.ts';
