import { type Contribution, contribution } from '@coldstart/contract';
import { standingApi } from '../steps/standing-api.ts';
import { type KubeconfigOrigin, kubeconfigSurvey } from '../survey/kubeconfig.ts';
import { lockSurvey } from '../survey/lock.ts';

/** What the host itself brings: where the kubeconfig and the remote of the lock are and, where no plugin brings an API up, a look at the one that stands. */
export function hostContribution(kubeconfig: KubeconfigOrigin, brought: readonly Contribution[]): Contribution {
  const provided = brought.some(({ steps }) => steps.some((step) => step.provides.includes('kubernetes/api')));
  const kubectl = brought.some(({ tools }) => tools.some(({ name }) => name === 'kubectl'));
  return contribution({
    plugin: '@coldstart/cli',
    surveys: [kubeconfigSurvey(kubeconfig), lockSurvey(kubeconfig.root, brought)],
    steps: kubectl && !provided ? [standingApi] : [],
  });
}
