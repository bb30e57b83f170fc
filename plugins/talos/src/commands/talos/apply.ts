import { changingFlags, StepCommand } from '@coldstart/contract/command';
import { applyFlags, nodeFlag, given } from '../../flags.ts';

export default class TalosApply extends StepCommand {
  static override args = StepCommand.args;
  static override summary = 'Give nodes their machine configs, and wait until they answer with their own certificate.';
  static override description =
    'Control planes first; workers once the Kubernetes API responds. A node that runs its config already is left alone. Errors are kept per node: one that fails does not stop the others.';
  static override examples = [
    '<%= config.bin %> talos apply infra --node infra-02',
    '<%= config.bin %> talos apply infra --parallel 2 --dry-run',
    '<%= config.bin %> talos apply infra --rehearse --seed 7',
  ];
  static override flags = { ...changingFlags, ...nodeFlag, ...applyFlags };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TalosApply);
    return this.ask({
      verb: 'run',
      cluster: args.cluster ?? '',
      steps: ['talos/apply-controlplanes', 'talos/apply-workers'],
      items: flags.node ?? [],
      flags: given(flags),
    });
  }
}
