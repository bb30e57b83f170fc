import { Args } from '@oclif/core';
import { HostCommand } from '../../session/host-command.ts';

export default class VerifyEvidence extends HostCommand {
  static override summary = 'Check a journal and its evidence: the chain, the derivation, and that no secret is in it.';
  static override description =
    'Takes a journal, an evidence file, or a folder that holds them, derives every file again, and compares. Exits 6 if anything does not agree.';
  static override examples = [
    '<%= config.bin %> verify evidence docs/qa/evidence',
    '<%= config.bin %> verify evidence .coldstart/infra/runs',
  ];
  static override args = {
    path: Args.string({ description: 'a journal, an evidence file, or a folder', required: true }),
  };

  async run(): Promise<unknown> {
    const { args } = await this.parse(VerifyEvidence);
    const { answerEvidence } = await import('../../session/verify-evidence.ts');
    return this.give(await answerEvidence(args.path));
  }
}
