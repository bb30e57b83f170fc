import type { Tool } from '@coldstart/contract';

/**
 * Verbs of talosctl that change nothing, whatever their flags. `-w` would never end, so watches are refused. `health` is none of
 * them: killed by a signal it exits 0 without a word, so no step may ask it.
 */
const READING = new Set([
  'get',
  'version',
  'services',
  'service',
  'validate',
  'memory',
  'containers',
  'processes',
  'mounts',
]);

/** talosctl. Argvs have their verb first: flags after it are parsed by every version alike. */
export const talosctlTool: Tool = {
  name: 'talosctl',
  version: {
    argv: ['version', '--client', '--short'],
    parse: (stdout) => /^\s*(?:Talos|Tag:)\s+v?(\d+\.\d+\.\d+\S*)/m.exec(stdout)?.[1] ?? null,
  },
  known: { from: '1.12.0', below: '1.14.0' },
  reads: (argv) => {
    const [verb, noun, second] = argv;
    if (argv.includes('-w') || argv.includes('--watch')) return false;
    if (verb === 'dmesg') return !argv.includes('-f') && !argv.includes('--follow');
    if (verb === 'services' || verb === 'service')
      return noun === undefined || noun.startsWith('-') || second === 'status';
    if (verb === 'etcd') return noun === 'members' || noun === 'status' || (noun === 'alarm' && second === 'list');
    if (verb === 'config') return noun === 'info' || noun === 'contexts';
    if (verb === 'kubeconfig') return noun === '-';
    if (verb === 'apply-config') return argv.includes('--dry-run');
    return verb !== undefined && READING.has(verb);
  },
  // TALOSCONFIG is not passed on: every call names its file.
  env: ['SIDEROV1_KEYS_DIR'],
};
