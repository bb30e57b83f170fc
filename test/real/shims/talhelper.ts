/**
 * A SHIM, not talhelper, which cannot be built here. It answers `talhelper -v`, `genconfig`, `gencommand` and
 * `validate talconfig` in the folder of a cluster of the example; what it renders is made by the real talosctl and sops
 * (examples/render.ts), for the fields that the example uses. It asks no image factory, so it wants `--offline-mode`.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { parse } from 'yaml';

import { renderCluster } from '../../../examples/render.ts';
import { flag, parseFlags, toggle } from '../../../plugins/lab/src/tools/common/flags.ts';
import { LABEL } from './label.ts';

type Talconfig = {
  clusterName: string;
  nodes: { hostname: string; ipAddress?: string; controlPlane?: boolean }[];
};

const table = {
  'config-file': flag('c'),
  'out-dir': flag('o'),
  'secret-file': flag('s'),
  'offline-mode': toggle(),
  'extra-flags': flag(),
  version: toggle('v'),
};

/** As Go's log package: the time, then what went wrong. */
const fail = (text: string): never => {
  const now = new Date().toISOString();
  process.stderr.write(`${now.slice(0, 10).replaceAll('-', '/')} ${now.slice(11, 19)} ${text}\n`);
  process.exit(1);
};
const say = (...lines: string[]): void => void process.stdout.write(lines.map((line) => `${line}\n`).join(''));

const read = (path: string): Talconfig => {
  if (existsSync(path)) return parse(readFileSync(path, 'utf8')) as Talconfig;
  const guide = 'https://budimanjojo.github.io/talhelper/latest/guides/#example-talconfigyaml';
  const why = `${path} doesn't exist. Refer to this docs for more information on how to create one: ${guide}`;
  return fail(`failed to parse config file: failed to read config file: ${why}`);
};

/** What is wrong with it, as talhelper lists it; one rule of many. */
const issues = ({ nodes }: Talconfig): string[] =>
  nodes.flatMap(({ ipAddress }, at) =>
    ipAddress ? [] : [`field: "nodes[${at}].ipAddress"`, `  * "nodes[${at}].ipAddress" is required to be not empty`],
  );

const genconfig = (path: string, out: string): void => {
  const talconfig = read(path);
  const wrong = issues(talconfig);
  if (wrong.length > 0) {
    say('There are issues with your Talhelper config file:', ...wrong);
    fail('failed to parse config file: please fix issues with your config file');
  }
  if (!flags.on('offline-mode')) fail('the shim asks no image factory: give --offline-mode');
  const folder = resolve(dirname(path));
  if (!existsSync(join(folder, 'talsecret.sops.yaml')))
    fail('the shim makes no secrets: there is no talsecret.sops.yaml');
  const root = resolve(folder, '../../..');
  mkdirSync(out, { recursive: true });
  const rendered = renderCluster(root, basename(dirname(folder)), process.env);
  for (const [name, text] of rendered) writeFileSync(join(out, name), text, { mode: 0o600 });
  // A client certificate is new at each issue; the repository's own stays.
  const client = join(folder, 'clusterconfig/talosconfig');
  if (resolve(out) !== dirname(client)) writeFileSync(join(out, 'talosconfig'), readFileSync(client), { mode: 0o600 });
  writeFileSync(join(out, '.gitignore'), [...rendered.keys(), 'talosconfig'].map((name) => `${name}\n`).join(''));
  say(
    ...talconfig.nodes.map(
      ({ hostname }) => `generated config for ${hostname} in ${out}/${talconfig.clusterName}-${hostname}.yaml`,
    ),
    `generated client config in ${out}/talosconfig`,
    `generated .gitignore file in ${out}/.gitignore`,
  );
};

const gencommand = (path: string, command: string, out: string, extra: string): void => {
  const { clusterName, nodes } = read(path);
  const first = nodes.filter(({ controlPlane }) => controlPlane === true).slice(0, 1);
  const of = command === 'apply' ? nodes : first;
  const verb = command === 'apply' ? 'apply-config' : command;
  for (const { hostname, ipAddress } of of) {
    const file = command === 'apply' ? ` --file=${out}/${clusterName}-${hostname}.yaml` : '';
    say(
      `talosctl ${verb} --talosconfig=${out}/talosconfig --nodes=${ipAddress}${file}${extra === '' ? '' : ` ${extra}`};`,
    );
  }
};

const parsed = parseFlags(process.argv.slice(2), table);
const flags = 'problem' in parsed ? fail(parsed.problem) : parsed;
const path = flags.value('config-file') ?? 'talconfig.yaml';
const out = flags.value('out-dir') ?? './clusterconfig';
const [command = '', below = ''] = flags.words;
if (flags.on('version')) say('talhelper version 3.1.5', LABEL);
else if (command === 'genconfig') genconfig(path, out);
else if (command === 'gencommand' && ['apply', 'bootstrap', 'health', 'kubeconfig'].includes(below))
  gencommand(path, below, out, flags.value('extra-flags') ?? '');
else if (command === 'validate' && below === 'talconfig') {
  const wrong = issues(read(path));
  if (wrong.length === 0) say('Your talhelper config file is looking great!');
  else {
    say('There are issues with your talhelper config file:', ...wrong);
    fail('');
  }
} else fail(`the shim does not play \`talhelper ${flags.words.join(' ')}\``);
