import { EXIT } from '@coldstart/contract';
import { clusterArg, HostCommand, lookFlags, plain } from '../../session/host-command.ts';

export default class ClusterPreflight extends HostCommand {
  static override summary = 'Look at everything that must hold before a bring-up, all at once; change nothing.';
  static override description = 'Says all that is wrong, each with its remedy, and exits 3 if anything is.';
  static override examples = [
    '<%= config.bin %> cluster preflight infra',
    '<%= config.bin %> cluster preflight infra --json',
  ];
  static override args = clusterArg;
  static override flags = lookFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterPreflight);
    const { answerLook } = await import('../../session/look.ts');
    const { requestFor } = await import('../../session/request.ts');
    const { preflightSteps } = await import('../../session/steps.ts');
    const request = requestFor(this.config, args.cluster, plain(flags));
    return this.give(
      await answerLook(
        this.config,
        { ...request, selection: ({ kit }) => ({ steps: preflightSteps(kit) }), locks: true },
        EXIT.preflight,
      ),
    );
  }
}
