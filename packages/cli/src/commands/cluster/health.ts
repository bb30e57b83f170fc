import { clusterArg, HostCommand, lookFlags, plain } from '../../session/host-command.ts';

export default class ClusterHealth extends HostCommand {
  static override summary = 'Give four verdicts on a cluster: Talos, Kubernetes, CRDs, Flux.';
  static override description =
    'Looks only. Exits 6 if one of them fails; a verdict whose plugin is not installed is untested.';
  static override examples = [
    '<%= config.bin %> cluster health infra',
    '<%= config.bin %> cluster health infra --json',
  ];
  static override args = clusterArg;
  static override flags = lookFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterHealth);
    const { answerHealth } = await import('../../session/health.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerHealth(this.config, requestFor(this.config, args.cluster, plain(flags))));
  }
}
