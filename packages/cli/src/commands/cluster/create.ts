import { clusterArg, HostCommand, plain, runFlags, selectFlags } from '../../session/host-command.ts';

export default class ClusterCreate extends HostCommand {
  static override summary = 'Bring a cluster up, from bare nodes to GitOps.';
  static override description =
    'Runs every phase: talos, prereqs, crds, core, validation. What is done already is skipped, so the same command goes on after a failure or an interrupt. Exit codes: 0 done, 2 usage or configuration, 3 preflight, 4 a step failed, 5 refused as unsafe, 7 the plan differs, 130 interrupted.';
  static override examples = [
    '<%= config.bin %> cluster create infra',
    '<%= config.bin %> cluster create infra --dry-run',
    '<%= config.bin %> cluster create infra --rehearse --seed 7 --fault eof-after-success@infra-02',
    '<%= config.bin %> cluster create infra --plan plan.json',
    '<%= config.bin %> cluster create infra --bundle',
  ];
  static override args = clusterArg;
  static override flags = { ...selectFlags, ...runFlags };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterCreate);
    const { answerRun } = await import('../../session/carry.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerRun(this.config, requestFor(this.config, args.cluster, plain(flags))));
  }
}
