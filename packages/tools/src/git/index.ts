export { lsRemoteFailure, parseLsRemote, SSH_WITH_KEY } from './remote.ts';
export { git, parseGitVersion } from './tool.ts';
