import { EXIT } from '@coldstart/contract';
import { StepCommand } from '@coldstart/contract/command';
import { nodeFlag, given } from '../../flags.ts';

export default class TalosPreflight extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Look at tools, machine configs and every node before anything is touched.';
  static override description =
    'Port, stage, boot version, install disk and links of each node, all at once; every problem is told, not only the first.';
  static override examples = [
    '<%= config.bin %> talos preflight infra',
    '<%= config.bin %> talos preflight infra --rehearse --fault disk-mismatch@infra-02',
  ];
  static override flags = nodeFlag;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosPreflight);
    const result = await this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['talos/tools', 'talos/nodes-ready', 'talos/configs-valid'],
      items: flags.node ?? [],
      flags: given(flags),
    });
    // A look that finds something wrong is a failed preflight here, as in a run.
    if (process.exitCode === EXIT.check) process.exitCode = EXIT.preflight;
    return result;
  }
}
