export { helmArgv } from './access.ts';
export { HELM_RULES } from './failure.ts';
export {
  chartHasVersion,
  isExactVersion,
  isPending,
  listRelease,
  parseReleases,
  releaseTime,
  type HelmRelease,
} from './releases.ts';
export { helm, parseHelmVersion } from './tool.ts';
