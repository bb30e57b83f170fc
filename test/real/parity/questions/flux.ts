import { parseCheck } from '../../../../plugins/flux/src/flux/check.ts';
import { flux } from '../../../../plugins/flux/src/tool.ts';
import { type Question, access, kubectl, said } from './common.ts';

/** flux, before it is there. */
export const ofFlux: readonly Question[] = [
  {
    name: 'flux: own version',
    tool: 'flux',
    argv: ['version', '--client'],
    read: flux.version.parse as (stdout: string) => unknown,
    expected: { exit: 0, read: '2.9.5' },
  },
  {
    name: 'flux: check, before it is there',
    tool: 'flux',
    argv: kubectl('check'),
    read: (stdout, stderr) => parseCheck(`${stderr}\n${stdout}`).filter(({ ok }) => !ok).length > 0,
    expected: { exit: 1, read: true },
  },
  {
    name: 'flux: get all, before it is there',
    tool: 'flux',
    argv: kubectl('get', 'kustomizations', '-A'),
    read: said,
    expected: { exit: 1, read: 'no matches for kustomize.toolkit.fluxcd.io/v1' },
  },
  {
    name: 'flux: reconcile of what is not there',
    tool: 'flux',
    argv: kubectl('reconcile', 'kustomization', 'flux-system'),
    changes: true,
    read: said,
    expected: { exit: 1, read: 'no matches for kustomize.toolkit.fluxcd.io/v1' },
  },
  {
    name: 'flux: a context that is none',
    tool: 'flux',
    argv: ['--kubeconfig', access.path, '--context', 'nowhere', 'check'],
    read: said,
    expected: { exit: 1, read: 'context "nowhere" does not exist' },
  },
];
