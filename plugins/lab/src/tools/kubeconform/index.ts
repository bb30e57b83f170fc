import { documents, isObject, objectsOf } from '../../kubernetes/manifests/yaml.ts';
import { type KubeObject, textAt } from '../../kubernetes/object.ts';
import { BUILT_IN } from '../../kubernetes/kinds.ts';
import { notSimulated, type SimulatedTool, type ToolCall } from '../tool.ts';

type Options = {
  output: string;
  summary: boolean;
  verbose: boolean;
  strict: boolean;
  ignoreMissing: boolean;
  locations: string[];
  skip: string[];
  files: string[];
};
type Outcome = {
  filename: string;
  kind: string;
  name: string;
  version: string;
  status: 'statusValid' | 'statusInvalid' | 'statusError' | 'statusSkipped';
  msg: string;
};

/**
 * kubeconform 0.8: its flags have one dash. The lab holds no schemas: an object of a built-in kind with a name is taken as
 * valid, one without kind or version is not; a custom kind has no schema, as with kubeconform's own default.
 */
export const kubeconform: SimulatedTool = {
  name: 'kubeconform',
  version: '0.8.0',
  async run(model, call) {
    if (call.argv.length === 1 && call.argv[0] === '-v') return { exit: 0, stdout: 'v0.8.0\n', stderr: '' };
    const options = optionsOf(call);
    await call.spend(300);
    model.assumed.add('kubeconform: no schemas in the lab; built-in kinds are checked for kind, version and name only');
    const sources =
      options.files.length === 0 || options.files.includes('-')
        ? [{ name: 'stdin', bytes: call.stdin ?? new Uint8Array() }]
        : options.files.map((name) => ({ name, bytes: call.read(name) }));
    const outcomes = sources.flatMap(({ name, bytes }): Outcome[] => {
      if (bytes === undefined)
        return [
          {
            filename: name,
            kind: '',
            name: '',
            version: '',
            status: 'statusError',
            msg: `lstat ${name}: no such file or directory`,
          },
        ];
      const parsed = documents(new TextDecoder().decode(bytes));
      if ('problem' in parsed)
        return [
          {
            filename: name,
            kind: '',
            name: '',
            version: '',
            status: 'statusError',
            msg: `error unmarshalling resource: ${parsed.problem.message}`,
          },
        ];
      return objectsOf(parsed.values).map((value) => judge(name, value, options));
    });
    const count = (status: Outcome['status']): number => outcomes.filter((each) => each.status === status).length;
    const summary = {
      valid: count('statusValid'),
      invalid: count('statusInvalid'),
      errors: count('statusError'),
      skipped: count('statusSkipped'),
    };
    const bad = summary.invalid + summary.errors > 0;
    const shown = outcomes.filter(
      (each) => options.verbose || each.status === 'statusInvalid' || each.status === 'statusError',
    );
    return { exit: bad ? 1 : 0, stdout: print(options, shown, summary, outcomes.length), stderr: '' };
  },
};

function judge(filename: string, value: unknown, options: Options): Outcome {
  const kind = textAt(value, 'kind') ?? '';
  const outcome = (status: Outcome['status'], msg: string): Outcome => ({
    filename,
    kind,
    name: textAt(value, 'metadata', 'name') ?? '',
    version: textAt(value, 'apiVersion') ?? '',
    status,
    msg,
  });
  if (!isObject(value))
    return outcome(
      'statusError',
      kind === '' ? "error while parsing: missing 'kind' key" : "error while parsing: missing 'apiVersion' key",
    );
  if (options.skip.includes(kind) || options.skip.includes(`${value.apiVersion}/${kind}`))
    return outcome('statusSkipped', '');
  const known = BUILT_IN.some(
    (type) =>
      type.kind === kind &&
      value.apiVersion === (type.group === '' ? type.versions[0] : `${type.group}/${type.versions[0]}`),
  );
  const findable = known
    ? options.locations.includes('default')
    : options.locations.some(
        (location) => location !== 'default' && location.includes('.ResourceKind') && /^https?:/.test(location),
      );
  if (!findable)
    return options.ignoreMissing
      ? outcome('statusSkipped', '')
      : outcome('statusError', `could not find schema for ${kind}`);
  const missing = nameless(value);
  return missing === undefined ? outcome('statusValid', '') : outcome('statusInvalid', missing);
}

function nameless(object: KubeObject): string | undefined {
  if (typeof object.metadata.name === 'string' && /^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/.test(object.metadata.name))
    return undefined;
  return `problem validating schema. Check JSON formatting: jsonschema validation failed: at '/metadata/name': got ${JSON.stringify(object.metadata.name ?? null)}`;
}

function optionsOf(call: ToolCall): Options {
  const options: Options = {
    output: 'text',
    summary: false,
    verbose: false,
    strict: false,
    ignoreMissing: false,
    locations: [],
    skip: [],
    files: [],
  };
  const { argv } = call;
  for (let index = 0; index < argv.length; index += 1) {
    const arg = argv[index] as string;
    const [name = '', inline] = arg.startsWith('-') && arg !== '-' ? arg.replace(/^-+/, '').split(/=(.*)/s) : [''];
    const value = (): string => inline ?? (argv[(index += 1)] as string);
    if (name === '') options.files.push(arg);
    else if (name === 'summary') options.summary = true;
    else if (name === 'verbose') options.verbose = true;
    else if (name === 'strict') options.strict = true;
    else if (name === 'ignore-missing-schemas') options.ignoreMissing = true;
    else if (name === 'output') options.output = value();
    else if (name === 'schema-location') options.locations.push(value());
    else if (name === 'skip') options.skip.push(...value().split(','));
    else if (name === 'kubernetes-version' || name === 'n' || name === 'cache') value();
    else return notSimulated('kubeconform', argv);
  }
  if (options.locations.length === 0) options.locations.push('default');
  return options;
}

function print(options: Options, shown: Outcome[], summary: Record<string, number>, all: number): string {
  if (options.output === 'json') {
    return `${JSON.stringify({ resources: shown, ...(options.summary ? { summary } : {}) }, null, 2)}\n`;
  }
  const text: Record<Outcome['status'], string> = {
    statusValid: 'is valid',
    statusInvalid: 'is invalid',
    statusError: 'failed validation',
    statusSkipped: 'skipped',
  };
  const lines = shown.map(
    (each) =>
      `${each.filename} - ${each.kind} ${each.name} ${text[each.status]}${each.msg === '' ? '' : `: ${each.msg}`}`,
  );
  if (options.summary)
    lines.push(
      `Summary: ${all} resource${all === 1 ? '' : 's'} found ${options.files.length === 0 || options.files.includes('-') ? 'parsing stdin' : `in ${options.files.length} file${options.files.length === 1 ? '' : 's'}`} - Valid: ${summary['valid']}, Invalid: ${summary['invalid']}, Errors: ${summary['errors']}, Skipped: ${summary['skipped']}`,
    );
  return lines.map((line) => `${line}\n`).join('');
}
