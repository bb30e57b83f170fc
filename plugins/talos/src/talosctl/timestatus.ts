import { flagOf, parseResources } from './documents.ts';

/** Reads `get timestatus -o json` of one node: whether its clock is in step, or none of its business. Throws SyntaxError. */
export function parseTimeStatus(stdout: string): boolean {
  const [resource] = parseResources(stdout);
  const synced = flagOf(resource?.spec['synced']);
  if (!resource || synced === null) throw new SyntaxError('not one time status');
  return synced || flagOf(resource.spec['syncDisabled']) === true;
}
