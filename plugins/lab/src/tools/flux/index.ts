import { flag, type FlagTable, parseFlags, toggle } from '../common/flags.ts';
import { access, API_CALL } from '../common/access.ts';
import { failed, printed } from '../common/result.ts';
import { notSimulated, type SimulatedTool } from '../tool.ts';
import { check } from './check.ts';
import { get } from './get.ts';
import { reconcile, suspension } from './reconcile.ts';
import { FLUX_VERSION } from '../../kubernetes/charts/flux-component.ts';
import { unreached } from './unreached.ts';

const TABLE: FlagTable = {
  kubeconfig: flag(),
  context: flag(),
  namespace: flag('n'),
  'all-namespaces': toggle('A'),
  timeout: flag(),
  verbose: toggle(),
  client: toggle(),
  output: flag('o'),
  pre: toggle(),
  components: flag(),
  'components-extra': flag(),
  'poll-interval': flag(),
  'status-selector': flag(),
  'no-header': toggle(),
  'with-source': toggle(),
  force: toggle(),
  wait: toggle(),
};

/** flux 2.9.5 over the world's control planes. */
export const flux: SimulatedTool = {
  name: 'flux',
  version: '2.9.5',
  async run(model, call) {
    const flags = parseFlags(call.argv, TABLE);
    if ('problem' in flags) return failed(`✗ ${flags.problem}`);
    const [command] = flags.words;
    if (command === 'version' && flags.on('client'))
      return flags.value('output') === 'json'
        ? printed(`${JSON.stringify({ flux: FLUX_VERSION }, null, 2)}\n`)
        : printed(`flux: ${FLUX_VERSION}\n`);
    const run = { check, get, reconcile, suspend: suspension, resume: suspension }[command ?? ''];
    if (run === undefined) return notSimulated('flux', call.argv);
    await call.spend(API_CALL);
    const reached = access(model, call, 'flux', {
      kubeconfig: flags.value('kubeconfig'),
      context: flags.value('context'),
    });
    if (reached.how !== 'open') return unreached(call, reached, command === 'check');
    return run(reached.plane, model, call, flags);
  },
};
