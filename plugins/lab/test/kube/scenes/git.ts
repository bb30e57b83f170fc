import { type Scene } from './scene.ts';

/** Recordings of git. */
export const ofGit: Record<string, Scene> = {
  'git/ls-remote-ok': {
    facts: { 'flux/source': { url: 'repo.git', branch: 'main' } },
    same: [[/^[0-9a-f]{40}/, 'COMMIT']],
  },
  'git/ls-remote-branch-missing': { facts: { 'flux/source': { url: 'repo.git', branch: 'main' } } },
  'git/ls-remote-ssh-refused': {
    argv: ['ls-remote', 'ssh://git@127.0.0.1:1/repo.git'],
    env: { GIT_SSH_COMMAND: 'ssh -o BatchMode=yes' },
  },
  'git/status-porcelain': { files: { 'repo/.git/HEAD': 'ref: refs/heads/main' }, same: [[/[0-9a-f]{40}/, 'COMMIT']] },
};
