import { given, StepCommand } from '@coldstart/contract/command';
import type { Json } from '@coldstart/contract';

export default class VerifyHandover extends StepCommand {
  // oclif looks at own properties only.
  static override args = StepCommand.args;
  static override summary = 'Look whether Flux carries the cluster';
  static override description =
    "Changes nothing and takes no lock. The criteria of a handover: flux-operator's instance where one is used, the GitRepository and all first Kustomizations are Ready, and the cluster's root builds clean.";
  static override examples = [
    '<%= config.bin %> verify handover infra',
    '<%= config.bin %> verify handover infra --json',
  ];

  async run(): Promise<Json> {
    const { args, flags } = await this.parse(VerifyHandover);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['flux/handover'],
      items: [],
      flags: given(flags),
    });
  }
}
