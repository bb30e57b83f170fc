import { example, KUBECONFIG } from '../../../../packages/tools/test/fakes.ts';
import { survey } from '../../src/survey/index.ts';

export const surveyed = async () => ({
  'kubernetes/kubeconfig': KUBECONFIG,
  ...(await survey.run({ cluster: 'infra', files: example(), config: {}, facts: {} })).facts,
});
