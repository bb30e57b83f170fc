import { StepCommand } from '@coldstart/contract/command';
import { given } from '../../flags.ts';

export default class TalosHealth extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Tell whether nodes, etcd, the API and registration are as they should be.';
  static override description =
    'Changes nothing, and calls no talosctl health: that one waits for Ready nodes in some versions, and ends with exit 0 when it is killed.';
  static override examples = ['<%= config.bin %> talos health infra', '<%= config.bin %> talos health infra --json'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosHealth);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['talos/nodes-ready', 'talos/etcd', 'talos/kubeconfig', 'talos/api', 'talos/registered', 'talos/vip'],
      items: [],
      flags: given(flags),
    });
  }
}
