import { EXIT, type Facts, type Json, Problem, type Procedure } from '@coldstart/contract';
import { itemsOf, type Kit, type Selection } from '@coldstart/engine';
import { installLine } from '../plugins/missing.ts';

export type Flags = Readonly<Record<string, Json>>;

export function text(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function isOn(flags: Flags, name: string): boolean {
  return flags[name] === true;
}

/** Flags whose meaning a plugin's configuration gives them, and the plugin that does so. */
const GIVEN_BY: Record<string, string> = {
  parallel: '@coldstart/plugin-talos',
  'allow-missing-workers': '@coldstart/plugin-talos',
  'accept-machine': '@coldstart/plugin-talos',
  talosconfig: '@coldstart/plugin-talos',
};

/** Refuses a flag that nothing installed would heed: silence would look like consent. */
export function checkHeeded(flags: Flags, kit: Kit): void {
  const heeded = new Set(kit.configs.flatMap((section) => Object.keys(section.flags ?? {})));
  for (const [name, plugin] of Object.entries(GIVEN_BY)) {
    if (flags[name] === undefined || heeded.has(name)) continue;
    throw new Problem(`--${name} belongs to ${plugin}, which is not installed`, {
      exit: EXIT.usage,
      remedy: installLine(plugin),
    });
  }
}

/** Phases by `--from`, `--to`, `--only`; undefined where none of them is given. */
export function phasesOf(flags: Flags, procedure: Procedure): string[] | undefined {
  const [from, to, only] = [text(flags, 'from'), text(flags, 'to'), text(flags, 'only')];
  if (only !== undefined) {
    if (from !== undefined || to !== undefined) {
      throw new Problem('--only cannot stand beside --from or --to', {
        exit: EXIT.usage,
        remedy: 'use one or the other',
      });
    }
    return only.split(',').map((name) => phaseNamed(name.trim(), procedure));
  }
  if (from === undefined && to === undefined) return undefined;
  const ids = procedure.phases.map((phase) => phase.id);
  const first = from === undefined ? 0 : ids.indexOf(phaseNamed(from, procedure));
  const last = to === undefined ? ids.length - 1 : ids.indexOf(phaseNamed(to, procedure));
  if (first > last)
    throw new Problem(`phase ${ids[first]} comes after phase ${ids[last]}`, {
      exit: EXIT.usage,
      remedy: 'turn --from and --to round',
    });
  return ids.slice(first, last + 1);
}

/** A phase by its name or its number, e.g. `crds` or `1`. */
export function phaseNamed(name: string, procedure: Procedure): string {
  const phase = procedure.phases.find(
    ({ id, number }) => id === name || String(number) === name || `${number}`.replace('-', '−') === name,
  );
  if (phase) return phase.id;
  const known = procedure.phases.map(({ id, number }) => `${id} (${number})`).join(', ');
  throw new Problem(`there is no phase "${name}"`, { exit: EXIT.usage, remedy: `the phases are ${known}` });
}

/**
 * Refuses an item that none of the selected steps has: a step without the named item would take all of its own.
 */
export function checkItems(kit: Kit, selection: Selection, facts: Facts): void {
  const { items = [] } = selection;
  if (items.length === 0) return;
  const keys = new Set<string>();
  for (const id of selection.steps ?? [...kit.steps.keys()]) {
    const step = kit.steps.get(id);
    if (step?.forEach) for (const { key } of itemsOf(step, facts)) keys.add(key);
  }
  for (const item of items) {
    if (keys.has(item)) continue;
    throw new Problem(`there is no "${item}" here`, {
      exit: EXIT.usage,
      remedy: keys.size > 0 ? `there are ${[...keys].join(', ')}` : 'leave it out',
    });
  }
}

/** `60x` as virtual per real time; null for as fast as it goes. */
export function paceOf(flags: Flags): number | null {
  const told = text(flags, 'pace');
  if (told === undefined) return null;
  const pace = Number(/^(\d+(?:\.\d+)?)x$/.exec(told)?.[1]);
  if (Number.isFinite(pace) && pace > 0) return pace;
  throw new Problem(`"${told}" is not a pace`, {
    exit: EXIT.usage,
    remedy: 'write it as 60x: one real second is sixty virtual ones',
  });
}
