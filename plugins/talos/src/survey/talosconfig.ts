import type { Files, Finding } from '@coldstart/contract';
import { certificateOf, fingerprintOf } from './certificates.ts';
import { isRecord, loadYaml, textAt, textsAt, type YamlFile } from './yaml-file.ts';

/** One context of a talosconfig. */
export type TalosContext = {
  file: YamlFile;
  context: string;
  endpoints: string[];
  nodes: string[];
  caFingerprint: string | null;
  /** When the client's certificate ends (milliseconds since 1970); null where there is none that can be read. */
  validTo: number | null;
};

/** Reads one context of a talosconfig; a file or context that is not there is a finding. */
export async function readTalosconfig(
  files: Files,
  path: string,
  context: string,
): Promise<{ told: TalosContext } | { problem: Finding; file?: YamlFile }> {
  const loaded = await loadYaml(files, path);
  if ('absent' in loaded)
    return {
      problem: {
        file: path,
        found: 'no such file',
        expected: 'the talosconfig of the cluster (talhelper genconfig), or talos.talosconfig in coldstart.yaml',
      },
    };
  if ('problem' in loaded) return loaded;
  const { file } = loaded;
  const contexts = file.get('contexts');
  if (!isRecord(contexts) || !isRecord(contexts[context])) {
    const known = isRecord(contexts) ? Object.keys(contexts) : [];
    return {
      problem: file.finding(
        ['contexts'],
        known.length > 0 ? `the contexts ${known.join(', ')}` : 'no contexts',
        `a context ${context}`,
      ),
      file,
    };
  }
  const at = contexts[context];
  const ca = certificateOf(textAt(at, 'ca'));
  const client = certificateOf(textAt(at, 'crt'));
  return {
    told: {
      file,
      context,
      endpoints: textsAt(at, 'endpoints'),
      nodes: textsAt(at, 'nodes'),
      caFingerprint: ca && fingerprintOf(ca),
      validTo: client && Date.parse(client.validTo),
    },
  };
}
