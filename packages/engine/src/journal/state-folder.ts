import { EXIT, Problem, type World } from '@coldstart/contract';

/** Everything below stays out of Git, but for the identities that a team may commit. */
const IGNORE = '*\n!.gitignore\n!*/\n!*/identity.json\n';

/**
 * Makes sure that the state folder is ours to write to and stays out of Git (K5).
 *
 * @param folder `.coldstart`, relative to the root
 * @throws Problem exit 5 where it is a link or no folder
 */
export async function openStateFolder(world: World, folder: string): Promise<void> {
  const found = await world.stat(folder);
  if (found && found.kind !== 'folder')
    throw new Problem(`${folder} is a ${found.kind}, not a folder.`, {
      exit: EXIT.refused,
      remedy: `Move it away: coldstart keeps its state in a folder of its own.`,
    });
  await world.create(`${folder}/.gitignore`, new TextEncoder().encode(IGNORE), 0o644);
}
