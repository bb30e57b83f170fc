import { succeeded, type Done, type Ms, type Reader } from '@coldstart/contract';
import { askAgain } from '../again.ts';
import { textOf } from '../text/decode.ts';
import { whyNot } from '../why-not.ts';
import { kubectlArgv, type KubeAccess } from './access.ts';
import { parseObjects, type KubeObject } from './objects.ts';

/**
 * What a look at the API server brought. `absent`: the server does not serve that kind at all (its CRD is not there).
 * `failed`: nothing certain; `why` is what kubectl said last.
 */
export type Got =
  | { is: 'objects'; objects: KubeObject[] }
  | { is: 'absent' }
  | { is: 'failed'; why: string; done: Done };

/** How long one look may take. */
const DEADLINE: Ms = 20_000;

/**
 * `kubectl get <args> -o json`. Give `--ignore-not-found` with names: what is missing is then missing from the answer,
 * and no error.
 */
export async function getObjects(
  world: Reader,
  access: KubeAccess,
  args: readonly string[],
  deadline: Ms = DEADLINE,
): Promise<Got> {
  const done = await askAgain(world, {
    tool: 'kubectl',
    argv: kubectlArgv(access, 'get', ...args, '-o', 'json'),
    deadline,
  });
  if (!succeeded(done)) {
    if (/the server doesn't have a resource type|no matches for kind/.test(done.stderr)) return { is: 'absent' };
    return { is: 'failed', why: whyNot(done), done };
  }
  const objects = parseObjects(textOf(done.stdout));
  return objects ? { is: 'objects', objects } : { is: 'failed', why: 'kubectl printed no readable JSON', done };
}
