import { clusterArg, HostCommand, lookFlags, plain } from '../../session/host-command.ts';

export default class BootstrapStatus extends HostCommand {
  static override summary = 'Tell where a bring-up stands, phase by phase.';
  static override description = 'The same look as `cluster status`.';
  static override examples = ['<%= config.bin %> bootstrap status infra'];
  static override args = clusterArg;
  static override flags = lookFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BootstrapStatus);
    const { answerStatus } = await import('../../session/status.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerStatus(this.config, requestFor(this.config, args.cluster, plain(flags))));
  }
}
