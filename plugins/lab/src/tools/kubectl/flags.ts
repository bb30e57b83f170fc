import { flag, flags, type FlagTable, toggle } from '../common/flags.ts';

/** kubectl's flags, global ones and those of the commands that the lab plays (kubectl 1.36 `--help`). */
const GLOBAL: FlagTable = {
  kubeconfig: flag(),
  context: flag(),
  cluster: flag(),
  user: flag(),
  namespace: flag('n'),
  server: flag('s'),
  'request-timeout': flag(),
  'tls-server-name': flag(),
  'cache-dir': flag(),
  'warnings-as-errors': toggle(),
  v: flag('v'),
};

export const COMMANDS: Record<string, FlagTable> = {
  // Flags of the build itself are not played.
  kustomize: GLOBAL,
  get: {
    ...GLOBAL,
    output: flag('o'),
    'all-namespaces': toggle('A'),
    selector: flag('l'),
    'field-selector': flag(),
    'ignore-not-found': toggle(),
    raw: flag(),
    'no-headers': toggle(),
    'show-managed-fields': toggle(),
    'chunk-size': flag(),
  },
  apply: {
    ...GLOBAL,
    filename: flags('f'),
    'server-side': toggle(),
    'force-conflicts': toggle(),
    'field-manager': flag(),
    'dry-run': { kind: 'value', bare: 'unchanged' },
    validate: { kind: 'value', bare: 'strict' },
    output: flag('o'),
    wait: toggle(),
    timeout: flag(),
  },
  diff: {
    ...GLOBAL,
    filename: flags('f'),
    'server-side': toggle(),
    'force-conflicts': toggle(),
    'field-manager': flag(),
  },
  wait: {
    ...GLOBAL,
    for: flag(),
    timeout: flag(),
    all: toggle(),
    'all-namespaces': toggle('A'),
    selector: flag('l'),
    output: flag('o'),
  },
  rollout: { ...GLOBAL, timeout: flag(), watch: toggle('w') },
  version: { ...GLOBAL, client: toggle(), output: flag('o') },
  'cluster-info': { ...GLOBAL },
  config: { ...GLOBAL, output: flag('o'), raw: toggle(), minify: toggle(), flatten: toggle() },
  auth: { ...GLOBAL, output: flag('o') },
};
