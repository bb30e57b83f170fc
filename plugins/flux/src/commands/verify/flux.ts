import { given, StepCommand } from '@coldstart/contract/command';
import type { Json } from '@coldstart/contract';

export default class VerifyFlux extends StepCommand {
  // oclif looks at own properties only.
  static override args = StepCommand.args;
  static override summary = 'Look at Flux: its controllers, and whether all it watches is Ready';
  static override description =
    'Changes nothing and takes no lock. Failures are told with the reason that Flux gives, causes before what only waits for them.';
  static override examples = ['<%= config.bin %> verify flux infra', '<%= config.bin %> verify flux infra --json'];

  async run(): Promise<Json> {
    const { args, flags } = await this.parse(VerifyFlux);
    return this.ask({
      verb: 'look',
      cluster: args.cluster ?? '',
      steps: ['flux/check', 'flux/reconciled'],
      items: [],
      flags: given(flags),
    });
  }
}
