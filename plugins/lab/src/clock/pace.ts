/**
 * Real waiting, for people who watch a rehearsal (`--pace 60x`): the one real timer of the lab. It moves nothing in the
 * world, so a paced run is the same run.
 */
export function reallyWait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
