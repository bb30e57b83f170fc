import { parseTable } from './table.ts';

/** One row of `services`. */
export type Service = {
  node: string;
  name: string;
  /** `Initialized, Preparing, Waiting, Pre, Starting, Running, Stopping, Finished, Failed, Skipped` */
  state: string;
  /** `OK`, `Fail` or `?`. */
  health: string;
  event: string;
};

export function parseServices(stdout: string): Service[] {
  return parseTable(stdout).map((row) => ({
    node: row['NODE'] ?? '',
    name: row['SERVICE'] ?? '',
    state: row['STATE'] ?? '',
    health: row['HEALTH'] ?? '',
    event: row['LAST EVENT'] ?? '',
  }));
}
