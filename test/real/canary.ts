import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { parseAllDocuments } from 'yaml';

import { must } from './children.ts';

/** What base64 has of these bytes whatever stands before and after them: three ways, by where they begin. */
const inBase64 = (value: Buffer): string[] =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), value]).toString('base64');
    // A character that a neighbour's bits are in too is left out.
    return text.slice([0, 2, 3][before], [undefined, -3, -2][(before + value.length) % 3]);
  });

/** The lines of a private key in PEM that are its own: a text breaks and indents them as it likes, but leaves them whole; two are enough. */
const linesOfKey = (text: string): string[] => {
  const body = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1] ?? '';
  const lines = body.split(/\s+/).filter((line) => line.length >= 40);
  // A short key begins with what is secret, and then says its public half; a long one (RSA, OpenSSH) begins with the public half.
  return lines.length > 3 ? lines.slice(Math.ceil(lines.length / 2)).slice(0, 2) : lines.slice(0, 1);
};

/** Every form in which one of these values could show: as it is, in base64, and decoded where it is base64 itself; a key by its lines. */
export const formsOf = (values: readonly string[]): string[] => {
  const decoded = values.map((value) => Buffer.from(value, 'base64').toString('latin1'));
  const readable = decoded.filter((text) => /^[\x20-\x7e]{8,}$/.test(text));
  const plain = [...values, ...readable, ...[...values, ...decoded].flatMap(linesOfKey)];
  return [...new Set(plain.flatMap((value) => [value, ...inBase64(Buffer.from(value, 'latin1'))]))];
};

/** A value that may be found only in its places: files that have to hold it. */
export type Canary = { name: string; forms: readonly string[]; places: readonly string[] };

/** The secrets of a machine config, a talosconfig or a kubeconfig, by where they stand in it. */
export const secretsIn = (text: string): { name: string; value: string }[] => {
  const found: { name: string; value: string }[] = [];
  const look = (at: unknown, path: readonly (string | number)[]): void => {
    if (typeof at === 'object' && at !== null)
      for (const [key, value] of Object.entries(at)) look(value, [...path, key]);
    if (typeof at !== 'string' || at === '') return;
    const isKey = Buffer.from(at, 'base64').toString('latin1').includes('PRIVATE KEY-----');
    if (isKey || /^(token|secret|\w+EncryptionSecret)$/.test(String(path.at(-1))))
      found.push({ name: path.join('.'), value: at });
  };
  for (const document of parseAllDocuments(text)) look(document.toJS(), []);
  return found;
};

const holdersAmong = (paths: readonly string[], forms: readonly string[]): string[] =>
  paths.filter((path) => holds(contentOf(path), forms));

/**
 * The secrets that stand in copies of a repository, each with the files that may go on holding it:
 * clusterconfig/ has what the nodes are given (machine configs) and the operators' own access to Talos (talosconfig), as
 * talhelper writes them; age.key is the example's, which publishes it. `told`: what a simulated `op` is told to give, which
 * may be among them.
 */
export const secretsOfCopies = (roots: readonly string[], told: readonly string[] = []): Canary[] => {
  const found = new Map<string, { name: string; forms: string[]; places: string[] }>();
  const note = (value: string, name: string, path: string): void => {
    const known = found.get(value) ?? { name, forms: formsOf([value]), places: [] };
    if (!found.has(value)) known.places.push(...holdersAmong(told, known.forms));
    if (!known.places.includes(path)) known.places.push(path);
    found.set(value, known);
  };
  for (const root of roots) {
    for (const { name: cluster } of entriesOf(join(root, 'clusters'))) {
      const folder = join('clusters', cluster, 'talos/clusterconfig');
      for (const { name: file } of entriesOf(join(root, folder)))
        for (const { name, value } of secretsIn(contentOf(join(root, folder, file))))
          note(value, `${cluster} ${file} ${name}`, join(root, folder, file));
    }
    const [age] = /AGE-SECRET-KEY-1[A-Z0-9]+/.exec(contentOf(join(root, 'age.key'))) ?? [];
    if (age !== undefined) note(age, 'age.key', join(root, 'age.key'));
  }
  return [...found.values()];
};

/** The templates of Secrets that `op` fills. */
const templates = ['secrets.yaml.tpl', 'deploy-key.yaml.tpl'].map((name) => join('bootstrap/infra', name));

/** The values of the Secrets that are made from templates, as `op` gives them. They belong into no file, but where `op` has them from. */
export const secretsOfOp = async (
  repository: string,
  env: Record<string, string>,
  told: readonly string[] = [],
): Promise<Canary[]> => {
  const canaries: Canary[] = [];
  for (const template of templates) {
    const { stdout } = await must('op', ['inject', '-i', template], { cwd: repository, env, deadline: 30_000 });
    type Secret = { metadata: { name: string }; stringData?: Record<string, string>; data?: Record<string, string> };
    for (const document of parseAllDocuments(stdout)) {
      const { metadata, stringData = {}, data = {} } = document.toJS() as Secret;
      for (const [key, value] of Object.entries({ ...stringData, ...data })) {
        const forms = formsOf([value]);
        canaries.push({ name: `Secret ${metadata.name} ${key}`, forms, places: holdersAmong(told, forms) });
      }
    }
  }
  return canaries;
};

const allForms = (canaries: readonly Canary[]): string[] => [...new Set(canaries.flatMap(({ forms }) => forms))];

/** Where below a folder a canary is that has no place there, and which is not where it has to be: then nothing was looked for. */
export const misplaced = (folder: string, canaries: readonly Canary[]): string[] => {
  const found = textsHolding(folder, allForms(canaries)).map(({ path, text }) => ({
    path,
    held: canaries.filter(({ forms }) => holds(text, forms)),
  }));
  const holders = (canary: Canary): string[] =>
    found.filter(({ held }) => held.includes(canary)).map(({ path }) => path);
  return canaries.flatMap((canary) => [
    ...holders(canary)
      .filter((path) => !canary.places.includes(path))
      .map((path) => `${path} holds ${canary.name}`),
    ...canary.places.filter((path) => !holders(canary).includes(path)).map((path) => `${path} holds no ${canary.name}`),
  ]);
};

/** Where a text holds one of the values. */
export const holds = (text: string, forms: readonly string[]): boolean => forms.some((form) => text.includes(form));

/** The files below a folder whose name or content holds one of the values; what cannot be read is gone by now. */
export const filesHolding = (folder: string, forms: readonly string[]): string[] =>
  textsHolding(folder, forms).map(({ path }) => path);

type Held = { path: string; text: string };

const textsHolding = (folder: string, forms: readonly string[], known: Known = new Map()): Held[] => {
  const found: Held[] = [];
  for (const entry of entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...textsHolding(path, forms, known));
    else if (entry.isFile() && isNew(path, known)) {
      const text = `${entry.name}\n${contentOf(path)}`;
      if (holds(text, forms)) found.push({ path, text });
    }
  }
  return found;
};

/** Which file stood at a path, and how it was changed last: one that is still the same need not be read again. */
type Known = Map<string, string>;

const isNew = (path: string, known: Known): boolean => {
  const seen = statSync(path, { bigint: true, throwIfNoEntry: false });
  const is = seen && `${seen.ino} ${seen.size} ${seen.mtimeNs} ${seen.ctimeNs}`;
  if (is === undefined || known.get(path) === is) return false;
  known.set(path, is);
  return true;
};

// Not asynchronous: while a request for a file is out, the lab in this process takes it for somebody who goes on.
const entriesOf = (folder: string): Dirent[] => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
};
const contentOf = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
};

export type Watch = {
  /** Ends it and tells what it saw. */
  end: () => Promise<{ samples: number; programs: Set<string>; found: string[] }>;
};

/** Samples the arguments of all processes, and the files of a folder, until it is told to end. There may be more canaries meanwhile. */
export const watchFor = (canaries: readonly Canary[], folder: string): Watch => {
  const seen = { samples: 0, programs: new Set<string>(), found: new Set<string>() };
  const ending = new AbortController();
  const known: Known = new Map();
  const note = (where: string, text: string): void => {
    for (const { name, forms } of canaries) if (holds(text, forms)) seen.found.add(`${where} holds ${name}`);
  };
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const forms = allForms(canaries);
      for (const { name: pid } of entriesOf('/proc')) {
        if (!/^\d+$/.test(pid)) continue;
        const argv = contentOf(`/proc/${pid}/cmdline`);
        seen.programs.add(argv.split('\0')[0] ?? '');
        if (holds(argv, forms)) note(`process ${pid}: ${argv.split('\0')[0]}`, argv);
      }
      for (const { path, text } of textsHolding(folder, forms, known)) note(path, text);
      seen.samples += 1;
      await sleep(100, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return {
    end: async () => {
      ending.abort();
      await watching;
      return { ...seen, found: [...seen.found] };
    },
  };
};
