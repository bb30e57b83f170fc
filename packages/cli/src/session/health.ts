import type { Config } from '@oclif/core';
import { EXIT, type Json } from '@coldstart/contract';
import type { Answer } from '@coldstart/contract/command';
import type { Looked } from '@coldstart/engine';
import { columns } from '../output/columns.ts';
import type { HealthDocument, Unbundled } from '../output/schema.ts';
import { installLine } from '../plugins/missing.ts';
import type { Request } from './carry.ts';
import { lookAnd } from './look.ts';
import type { Session } from './open.ts';

type Name = HealthDocument['verdicts'][number]['name'];

/** Which steps' looks each verdict rests on, and who brings them. */
const RESTS_ON: Record<Name, { steps: string[]; from: string }> = {
  talos: { steps: ['talos/apply-controlplanes', 'talos/apply-workers', 'talos/etcd'], from: '@coldstart/plugin-talos' },
  kubernetes: { steps: ['talos/api', 'talos/registered'], from: '@coldstart/plugin-talos' },
  crds: { steps: ['helmfile/crds'], from: '@coldstart/plugin-helmfile' },
  flux: { steps: ['flux/check', 'flux/reconciled'], from: '@coldstart/plugin-flux' },
};

/** Four verdicts; exit 6 when one of them fails. */
export function answerHealth(config: Config, request: Request): Promise<Answer> {
  const selection = ({ kit }: Session) => ({
    steps: Object.values(RESTS_ON).flatMap(({ steps }) => steps.filter((id) => kit.steps.has(id))),
  });
  return lookAnd(config, { ...request, selection }, (session, looked) => {
    const verdicts = (Object.keys(RESTS_ON) as Name[]).map((name) => verdictOn(name, looked));
    const healthy = verdicts.every(({ verdict }) => verdict !== 'fail');
    const document: Unbundled<HealthDocument> = {
      schema: 'coldstart.health/1',
      cluster: session.cluster,
      healthy,
      verdicts,
    };
    return { exit: healthy ? EXIT.done : EXIT.check, result: document as unknown as Json, text: healthText(document) };
  });
}

function verdictOn(name: Name, looked: readonly Looked[]): HealthDocument['verdicts'][number] {
  const { steps, from } = RESTS_ON[name];
  const mine = looked.filter(({ step }) => steps.includes(step));
  if (mine.length === 0)
    return { name, verdict: 'untested', reasons: [`${from} is not installed: ${installLine(from)}`] };
  const bad = mine.filter(({ observation }) => observation.state !== 'done');
  const reasons = bad.map(
    ({ step, item, observation }) => `${step} ${item}: ${observation.cause ?? observation.state}`,
  );
  return { name, verdict: bad.length === 0 ? 'pass' : 'fail', reasons };
}

function healthText({ verdicts }: Unbundled<HealthDocument>): string {
  const rows = columns(verdicts.map(({ name, verdict }) => [verdict.toUpperCase(), name]));
  return verdicts
    .flatMap(({ reasons }, index) => [rows[index] ?? '', ...reasons.map((reason) => `  ${reason}`)])
    .join('\n');
}
