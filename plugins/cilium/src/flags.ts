import type { Json } from '@coldstart/contract';

/** The flags that were given, as plain data for the host. */
export function given(flags: Readonly<Record<string, unknown>>): Record<string, Json> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Record<string, Json>;
}
