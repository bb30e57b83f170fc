export { makeBundle, type Bundle } from './make.ts';
export { BundleManifest } from './schema.ts';
export type { BundleParts } from './contents.ts';
