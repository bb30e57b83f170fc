import { StepCommand } from '@coldstart/contract/command';
import { nodeFlag, given } from '../../flags.ts';

export default class TalosNodes extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Show the nodes in their order, and what each of them is just now.';
  static override description =
    'In maintenance, configured, refusing connections (it installs or reboots), silent, or foreign: of another cluster. The machine of a node in maintenance is held against what is recorded of it. Changes nothing.';
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
      table: { fact: 'talos/node', columns: ['role', 'address', 'class', 'stage', 'machine'] },
      flags: given(flags),
    });
  }
}
