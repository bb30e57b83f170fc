import { isFields } from '../../kubernetes/object.ts';
import { toYaml } from '../../kubernetes/manifests/yaml.ts';
import { kubeconfigOf } from '../common/access.ts';
import { failed, printed, sorted } from '../common/result.ts';
import { notSimulated } from '../tool.ts';
import type { Command } from './command.ts';

/** `config view|get-contexts|current-context`: what the file says, without the cluster. */
export const config: Command = async (model, call, flags) => {
  const [verb] = flags.words;
  const file = kubeconfigOf(model, call, 'kubectl config', { kubeconfig: flags.value('kubeconfig') });
  if (file !== undefined && 'how' in file)
    return failed(
      file.how === 'no-file'
        ? `error: stat ${file.path}: no such file or directory`
        : `error: error loading config file "${file.path}": ${file.why}`,
    );
  const output = flags.value('output');
  if (verb === 'current-context')
    return file?.current ? printed(`${file.current}\n`) : failed('error: current-context is not set');
  if (verb === 'get-contexts' && output === 'name')
    return printed((file?.contexts ?? []).map((context) => `${context.name}\n`).join(''));
  if (verb !== 'view' || flags.on('minify') || !['json', 'yaml', undefined].includes(output))
    return notSimulated('kubectl', call.argv);
  const raw = file?.raw ?? {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: null,
    contexts: null,
    users: null,
    'current-context': '',
  };
  const shown = flags.on('raw') ? raw : hidden(raw);
  return printed(output === 'json' ? `${JSON.stringify(sorted(shown), null, 4)}\n` : toYaml(shown));
};

const SECRET: Record<string, string> = {
  'certificate-authority-data': 'DATA+OMITTED',
  'client-certificate-data': 'DATA+OMITTED',
  'client-key-data': 'DATA+OMITTED',
  token: 'REDACTED',
  password: 'REDACTED',
};

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, SECRET[key] ?? hidden(below)]));
}
