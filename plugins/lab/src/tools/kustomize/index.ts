import { build as manifests, BuildError, NotPlayed } from '../../kubernetes/manifests/kustomize.ts';
import type { Model } from '../../model.ts';
import { toYaml } from '../../kubernetes/manifests/yaml.ts';
import { flag, parseFlags, toggle } from '../common/flags.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool, type ToolCall, type ToolResult } from '../tool.ts';
import { inOrder } from './order.ts';

const TABLE = {
  'load-restrictor': flag(),
  'enable-helm': toggle(),
  output: flag('o'),
  'enable-alpha-plugins': toggle(),
};

/** kustomize 5.8: `build` of what stands in the repository. A field that is not played is refused, never skipped. */
export const kustomize: SimulatedTool = {
  name: 'kustomize',
  version: '5.8.2',
  async run(model, call) {
    const flags = parseFlags(call.argv, TABLE);
    if ('problem' in flags) return failed(`Error: ${flags.problem}`);
    const [command, folder = '.'] = flags.words;
    if (command === 'version') return printed('v5.8.2\n');
    if (command !== 'build' || flags.has('output') || flags.on('enable-helm'))
      return notSimulated('kustomize', call.argv);
    return await build(model, call, folder, 'Error');
  },
};

/** What a folder builds to; kubectl has the same build in it, and begins its errors with `error`. */
export async function build(
  model: Model,
  call: ToolCall,
  folder: string,
  prefix: 'Error' | 'error',
): Promise<ToolResult> {
  await call.spend(150);
  try {
    if (model.files.list(call.path(folder)).length === 0) {
      const why = `evalsymlink failure on '${folder}' : lstat ${call.path(folder)}: no such file or directory`;
      return failed(`${prefix}: must build at directory: not a valid directory: ${why}`);
    }
    const source = {
      read: (path: string) => call.read(path),
      list: (path: string) => model.files.list(call.path(path)),
    };
    const objects = manifests(source, call.path(folder));
    // The real one starts a document with `---` only where another stands before it.
    return printed(inOrder(objects).map(toYaml).join('---\n'));
  } catch (error) {
    if (error instanceof BuildError) return failed(`${prefix}: ${error.message}`);
    if (error instanceof NotPlayed) return notSimulated('kustomize', call.argv, error.message);
    throw error;
  }
}
