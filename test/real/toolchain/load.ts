import { availableParallelism } from 'node:os';

const gigabyte = 1024 ** 3;

/**
 * What one compiler may need. The largest that was measured here is a link at about 1.5 GB (see README.md); most
 * packages take a tenth of it.
 */
const perCompiler = 1.5 * gigabyte;

/** How many packages `go build` may compile at once: not more than cores, and not more than memory is free for. */
export const compilersAtOnce = (
  cores: number = availableParallelism(),
  freeBytes: number = process.availableMemory(),
): number => Math.max(1, Math.min(cores, Math.floor(freeBytes / perCompiler)));
