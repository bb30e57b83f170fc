import { changingFlags, StepCommand } from '@coldstart/contract/command';
import { bootstrapFlags, given } from '../../flags.ts';

export default class TalosBootstrap extends StepCommand {
  static override args = StepCommand.args;
  static override summary =
    'Bootstrap etcd on the one node that is fixed for it, and wait until all control planes are voting members.';
  static override description =
    'Every control plane is asked first. Where a cluster is there already, nothing is done; where that is not certain, it refuses (exit 5).';
  static override examples = [
    '<%= config.bin %> talos bootstrap infra',
    '<%= config.bin %> talos bootstrap infra --dry-run',
  ];
  static override flags = { ...changingFlags, ...bootstrapFlags };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosBootstrap);
    return this.ask({
      verb: 'run',
      cluster: args.cluster ?? '',
      steps: ['talos/bootstrap', 'talos/etcd'],
      items: [],
      flags: given(flags),
    });
  }
}
