import { StepCommand } from '@coldstart/contract/command';
import { nodeFlag, given } from '../../flags.ts';

export default class TalosNodes extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Show the nodes in their order, and what each of them is just now.';
  static override description =
    'In maintenance, configured, refusing connections, silent, or of another cluster. Changes nothing.';
  static override examples = [
    '<%= config.bin %> talos nodes infra',
    '<%= config.bin %> talos nodes infra --node infra-01 --json',
  ];
  static override flags = nodeFlag;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosNodes);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['talos/nodes-ready'],
      items: flags.node ?? [],
      flags: given(flags),
    });
  }
}
