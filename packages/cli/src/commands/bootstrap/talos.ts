import { clusterArg, HostCommand, plain, runFlags } from '../../session/host-command.ts';

export default class BootstrapTalos extends HostCommand {
  static override summary = 'Run phase −1: machine configs, etcd, kubeconfig, API.';
  static override examples = [
    '<%= config.bin %> bootstrap talos infra',
    '<%= config.bin %> bootstrap talos infra --dry-run --offline',
  ];
  static override args = clusterArg;
  static override flags = runFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BootstrapTalos);
    const { answerRun } = await import('../../session/carry.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerRun(this.config, requestFor(this.config, args.cluster, plain(flags), ['talos'])));
  }
}
