import { given, StepCommand } from '@coldstart/contract/command';
import type { Json } from '@coldstart/contract';

export default class VerifyCilium extends StepCommand {
  // oclif looks at own properties only.
  static override args = StepCommand.args;
  static override summary = 'Look whether Cilium is healthy, and is what the repository says';
  static override description =
    "Changes nothing and takes no lock. Health as `cilium status` tells it; cluster id and name, kube-proxy replacement, API address, routing and BGP as the repository's values say.";
  static override examples = ['<%= config.bin %> verify cilium infra', '<%= config.bin %> verify cilium infra --json'];

  async run(): Promise<Json> {
    const { args, flags } = await this.parse(VerifyCilium);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['cilium/status'],
      items: [],
      flags: given(flags),
    });
  }
}
