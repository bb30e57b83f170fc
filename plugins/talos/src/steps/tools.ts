import type { CheckingStep, Look, Observation, Reader, Signal } from '@coldstart/contract';
import { clusterOf } from '../facts.ts';
import { adviceFor } from '../remedies.ts';
import { readTalosconfig } from '../survey/talosconfig.ts';
import { olderMinor, parseVersion } from '../talosctl/versions.ts';

/** talosctl and kubectl are there, and the talosconfig's context is the cluster's and has not ended. */
export const tools: CheckingStep = {
  id: 'talos/tools',
  kind: 'preflight',
  phase: 'talos',
  title: 'talosctl, kubectl and the talosconfig',
  needs: ['talos/cluster'],
  provides: [],
  observe: async (look) => {
    const found = await Promise.all([toolSignal(look.world, 'talosctl'), toolSignal(look.world, 'kubectl')]);
    const credentials = await credentialSignals(look);
    const signals = [...found, ...credentials];
    const missing = found.filter((signal) => !signal.ok).map((signal) => signal.subject);
    if (missing.length > 0)
      return {
        state: 'blocked',
        signals,
        cause: `${missing.join(' and ')} cannot be found`,
        remedy: `Install ${missing.join(' and ')} and put them on the PATH.`,
        page: 'talosctl',
      };
    const bad = credentials.find((signal) => !signal.ok);
    if (bad)
      return {
        state: 'blocked',
        signals,
        cause: `the talosconfig ${clusterOf(look.facts).talosconfig}: ${String(bad.observed)}`,
        ...adviceFor('no-talosconfig'),
      };
    return { state: 'done', signals, ...olderClient(look, signals) };
  },
};

async function toolSignal(world: Reader, name: string): Promise<Signal> {
  const tool = await world.tool(name);
  return {
    name: 'tool',
    subject: name,
    expected: 'on the PATH',
    observed: tool ? `${tool.version ?? 'version not told'}${tool.simulated ? ' (simulated)' : ''}` : 'missing',
    ok: tool !== undefined,
    source: tool?.path ?? 'PATH',
  };
}

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
function olderClient({ facts }: Look, signals: readonly Signal[]): Pick<Observation, 'deviations'> {
  const told = signals.find((signal) => signal.subject === 'talosctl')?.observed;
  const client = typeof told === 'string' ? parseVersion(told.split(' ')[0] ?? '') : null;
  const wanted = parseVersion(clusterOf(facts).talosVersion ?? '');
  if (!client || !wanted || !olderMinor(client, wanted)) return {};
  return { deviations: [`talosctl ${String(told)} is older than the configs' Talos ${clusterOf(facts).talosVersion}`] };
}
