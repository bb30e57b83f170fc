export { hasFlag, words } from './argv.ts';
export { judge, type FailureRule } from './failure.ts';
export { dig, isObject, list, num, parseJson, str, type JsonObject } from './json.ts';
export { lastLine, plain, textOf } from './text/decode.ts';
export * from './kubectl/index.ts';
export * from './helm/index.ts';
export * from './git/index.ts';
export { op, opFailure, parseAccounts } from './op/tool.ts';
export { parseFileStatus, parseSopsVersion, sops, sopsFailure } from './sops/tool.ts';
