import { changingFlags, StepCommand } from '@coldstart/contract/command';
import { given } from '../../flags.ts';

export default class TalosKubeconfig extends StepCommand {
  static override args = StepCommand.args;
  static override summary = "Put the cluster's context into the operators' kubeconfig.";
  static override description =
    "Other contexts and the current one stay as they are. The address is the bootstrap node's own, and the cluster's endpoint once that answers.";
  static override examples = [
    '<%= config.bin %> talos kubeconfig infra',
    '<%= config.bin %> talos kubeconfig infra --kubeconfig ~/.kube/config --context infra',
  ];
  static override flags = changingFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosKubeconfig);
    return this.ask({
      verb: 'run',
      cluster: args.cluster ?? '',
      steps: ['talos/kubeconfig', 'talos/vip'],
      items: [],
      flags: given(flags),
    });
  }
}
