import { clusterArg, HostCommand, lookFlags, plain } from '../../session/host-command.ts';

export default class ClusterStatus extends HostCommand {
  static override summary = 'Tell where a cluster stands, phase by phase, and where the last run stopped.';
  static override description =
    'Looks at the cluster itself; the journal only says what was tried. Takes no lock, changes nothing, exits 0. With --bundle it writes a support bundle of the last run, also of one that was killed.';
  static override examples = [
    '<%= config.bin %> cluster status infra',
    '<%= config.bin %> cluster status infra --json',
    '<%= config.bin %> cluster status infra --bundle',
  ];
  static override args = clusterArg;
  static override flags = lookFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterStatus);
    const { answerStatus } = await import('../../session/status.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerStatus(this.config, requestFor(this.config, args.cluster, plain(flags))));
  }
}
