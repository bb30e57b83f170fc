import { Args } from '@oclif/core';
import { clusterArg, HostCommand, plain, runFlags } from '../../session/host-command.ts';

export default class BootstrapPhase extends HostCommand {
  static override summary = 'Run one phase, by name or number.';
  static override description =
    'Phases: talos (-1), prereqs (0), crds (1), core (2), validation (3). What it needs of earlier phases is looked at, never run.';
  static override examples = [
    '<%= config.bin %> bootstrap phase crds infra',
    '<%= config.bin %> bootstrap phase -1 infra',
    '<%= config.bin %> bootstrap phase 2 infra --dry-run',
  ];
  static override args = {
    phase: Args.string({ description: 'name or number of the phase', required: true }),
    ...clusterArg,
  };
  static override flags = runFlags;

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(BootstrapPhase);
    const { answerRun } = await import('../../session/carry.ts');
    const { requestFor } = await import('../../session/request.ts');
    const { phaseNamed } = await import('../../session/flags.ts');
    const { create } = await import('../../procedures/create.ts');
    const phases = [phaseNamed(args.phase, create)];
    return this.give(await answerRun(this.config, requestFor(this.config, args.cluster, plain(flags), phases)));
  }
}
