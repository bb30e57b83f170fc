import { StepCommand } from '@coldstart/contract/command';
import { nodeFlag, given } from '../../flags.ts';

export default class TalosVerify extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Tell of each node whether it left maintenance and runs its config; change nothing.';
  static override examples = [
    '<%= config.bin %> talos verify infra',
    '<%= config.bin %> talos verify infra --node infra-02 --json',
  ];
  static override flags = nodeFlag;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosVerify);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['talos/apply-controlplanes', 'talos/apply-workers'],
      items: flags.node ?? [],
      flags: given(flags),
    });
  }
}
