import { Flags } from '@oclif/core';
import { clusterArg, HostCommand, plain, planFlags, selectFlags } from '../../session/host-command.ts';

export default class ClusterPlan extends HostCommand {
  static override summary = 'Print the nodes in order and every action with its arguments; change nothing.';
  static override description =
    'What is known only while it runs stands as <…>. Beside each item stands what a look showed: done, needed, or not seen where nothing answered. Exits 0 also where no node, key or tool is there.';
  static override examples = [
    '<%= config.bin %> cluster plan infra',
    '<%= config.bin %> cluster plan infra --offline --out plan.json',
    '<%= config.bin %> cluster plan infra --only crds,core',
  ];
  static override args = clusterArg;
  static override flags = {
    ...selectFlags,
    ...planFlags,
    offline: Flags.boolean({ description: 'look at nothing but the repository' }),
    parallel: Flags.integer({ description: 'nodes that get their machine config at once', min: 1 }),
    'allow-missing-workers': Flags.integer({ description: 'go on without this many workers', min: 0 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClusterPlan);
    const { answerPlan } = await import('../../session/plan.ts');
    const { requestFor } = await import('../../session/request.ts');
    return this.give(await answerPlan(this.config, requestFor(this.config, args.cluster, plain(flags))));
  }
}
