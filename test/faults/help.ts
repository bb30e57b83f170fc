import type { OpenLab } from '@coldstart/plugin-lab';
import type { Ended } from './process.ts';
import { CLUSTER } from './topology.ts';

export type Help = { what: string; consents: Record<string, string> };

/**
 * What a person does who reads the remedy of a run that refuses or stops until somebody has said or done something; undefined
 * where nothing of the kind is asked for. After it the same command must finish.
 */
export async function helpFor(ended: Ended, lab: OpenLab): Promise<Help | undefined> {
  const remedy = (ended.how === 'exit' && ended.failure?.remedy) || '';
  // What a dead machine holds needs a person's word.
  if (remedy.includes('--takeover')) return { what: 'the lock of a dead machine', consents: { takeover: CLUSTER } };
  // A helm that was killed leaves its mark, and only a person knows that no other is at work.
  const uninstall = /`(helm uninstall [^`]+)`/.exec(remedy)?.[1];
  if (uninstall === undefined) return undefined;
  const [tool = '', ...argv] = uninstall.split(' ');
  const done = await lab
    .process()
    .spawn(
      { tool, argv, env: {}, deadline: 60_000 },
      { signal: 'SIGTERM', grace: 1000, kill: true },
      async () => {},
      new AbortController().signal,
    );
  if (done.exit !== 0) throw new Error(`${uninstall}: ${done.stderr}`);
  return { what: 'a release uninstalled by hand', consents: {} };
}
