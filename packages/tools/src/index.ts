export { hasFlag, words } from './argv.ts';
export { judge, type FailureRule } from './failure.ts';
export { dig, isObject, list, num, parseJson, str, type JsonObject } from './json.ts';
export { lastLine, plain, textOf } from './text/decode.ts';
export * from './kubectl/index.ts';
