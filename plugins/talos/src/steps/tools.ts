import { readIdentity, type CheckingStep, type Look, type Observation, type Signal } from '@coldstart/contract';
import { kubectl, lookForTools } from '@coldstart/tools';
import { clusterOf } from '../facts.ts';
import { contradictions } from '../identity.ts';
import { adviceFor } from '../remedies.ts';
import { readTalosconfig } from '../survey/talosconfig.ts';
import { olderMinor, parseVersion } from '../talosctl/versions.ts';
import { talosctlTool } from '../tool.ts';

/** talosctl and kubectl are there, the repository's Talos CA is the recorded one, and the talosconfig's context is of it and has not ended. */
export const tools: CheckingStep = {
  id: 'talos/tools',
  kind: 'preflight',
  phase: 'talos',
  title: 'talosctl, kubectl and the talosconfig',
  needs: ['talos/cluster'],
  provides: [],
  observe: async (look) => {
    const found = await lookForTools(look.world, [talosctlTool, kubectl]);
    const credentials = await credentialSignals(look);
    const { caFingerprint } = clusterOf(look.facts);
    const known = await readIdentity(look.world, look.cluster);
    const wrong = contradictions(known, { talosCa: caFingerprint });
    const recorded: Signal = {
      name: 'Talos CA',
      subject: look.cluster,
      expected: known?.talosCa ?? 'any: none is recorded yet',
      observed: caFingerprint,
      ok: wrong.length === 0,
      source: "the repository's machine configs",
    };
    const signals = [...found.signals, recorded, ...credentials];
    if (found.missing.length > 0)
      return {
        state: 'blocked',
        signals,
        cause: `${found.missing.join(' and ')} cannot be found`,
        remedy: `Install ${found.missing.join(' and ')} and put them on the PATH.`,
        page: 'tools-missing',
      };
    if (wrong.length > 0)
      return { state: 'blocked', refuse: true, signals, cause: wrong.join('; '), ...adviceFor('record-differs') };
    const bad = credentials.find((signal) => !signal.ok);
    if (bad)
      return {
        state: 'blocked',
        signals,
        cause: `the talosconfig ${clusterOf(look.facts).talosconfig}: ${String(bad.observed)}`,
        ...adviceFor('no-talosconfig'),
      };
    const deviations = [...found.deviations, ...olderClient(look, signals)];
    return { state: 'done', signals, ...(deviations.length > 0 && { deviations }) };
  },
};

async function credentialSignals({ world, facts }: Look): Promise<Signal[]> {
  const cluster = clusterOf(facts);
  const source = cluster.talosconfig;
  const base = { name: 'talosconfig', subject: cluster.context, source };
  const read = await readTalosconfig(world, cluster.talosconfig, cluster.context);
  if (!('told' in read)) return [{ ...base, expected: read.problem.expected, observed: read.problem.found, ok: false }];
  const { caFingerprint, validTo } = read.told;
  const ended = validTo !== null && validTo <= Date.parse(world.now());
  return [
    {
      ...base,
      expected: "the configs' CA",
      observed: caFingerprint === cluster.caFingerprint ? "the configs' CA" : 'another CA',
      ok: caFingerprint === cluster.caFingerprint,
    },
    {
      ...base,
      expected: 'a certificate that is valid',
      observed: validTo === null ? 'no certificate that can be read' : ended ? 'a certificate that has ended' : 'valid',
      ok: validTo !== null && !ended,
    },
  ];
}

/** An older talosctl may not know keys of newer configs: said, not refused. */
function olderClient({ facts }: Look, signals: Observation['signals']): string[] {
  const told = signals.find((signal) => signal.subject === 'talosctl')?.observed;
  const client = typeof told === 'string' ? parseVersion(told.split(' ')[0] ?? '') : null;
  const wanted = parseVersion(clusterOf(facts).talosVersion ?? '');
  if (!client || !wanted || !olderMinor(client, wanted)) return [];
  return [`talosctl ${String(told)} is older than the configs' Talos ${clusterOf(facts).talosVersion}`];
}
