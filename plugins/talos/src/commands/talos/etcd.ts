import { StepCommand } from '@coldstart/contract/command';
import { given } from '../../flags.ts';

export default class TalosEtcd extends StepCommand {
  static override args = StepCommand.args;
  static override summary =
    'Tell what every control plane shows of etcd: members, learners, leader, and whether there is one cluster.';
  static override description =
    'Changes nothing. Exit 6 where not all control planes are voting members of one cluster.';
  static override examples = ['<%= config.bin %> talos etcd infra', '<%= config.bin %> talos etcd infra --json'];

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosEtcd);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['talos/bootstrap', 'talos/etcd'],
      items: [],
      flags: given(flags),
    });
  }
}
