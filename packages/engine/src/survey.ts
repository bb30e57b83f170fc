import { EXIT, Problem, type Facts, type Files, type Finding, type Json } from '@coldstart/contract';
import type { Kit } from './kit.ts';

export type Repository = {
  facts: Facts;
  /** Files that were read, relative to the root, sorted. */
  read: string[];
  assumed: string[];
  problems: Finding[];
  secrets: string[];
};

/**
 * Runs every survey whose needs are met, in order, offline. A survey whose needs nothing provides is passed over: the
 * steps that want its facts are then refused with the fact's name.
 * `config` is the validated section of each plugin, by survey prefix (`talos/…` gets the section `talos`).
 */
export async function surveyRepository(
  kit: Kit,
  at: { cluster: string; files: Files; config: Readonly<Record<string, Json>>; facts?: Facts },
): Promise<Repository> {
  const facts: Record<string, Json> = { ...at.facts };
  const read = new Set<string>();
  const result: Repository = { facts, read: [], assumed: [], problems: [], secrets: [] };
  for (const survey of kit.surveys) {
    if (!survey.needs.every((need) => need in facts)) continue;
    const section = survey.id.split('/')[0] ?? survey.id;
    const found = await survey.run({ cluster: at.cluster, files: at.files, config: at.config[section] ?? {}, facts });
    for (const [name, value] of Object.entries(found.facts)) {
      if (!survey.provides.includes(name))
        throw new Problem(`The survey ${survey.id} gave the fact ${name}, which it does not declare.`, {
          exit: EXIT.bug,
          remedy: 'Report this to the makers of the plugin.',
        });
      facts[name] = value;
    }
    for (const file of found.read) read.add(file);
    result.assumed.push(...found.assumed);
    result.problems.push(...found.problems);
    result.secrets.push(...found.secrets);
  }
  result.read = [...read].sort();
  return result;
}
