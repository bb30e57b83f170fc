import { availableParallelism } from 'node:os';

const gigabyte = 1024 ** 3;

/** What one compiler may need: all but the largest packages take a tenth of it. */
const perCompiler = 1.5 * gigabyte;

/** What the last step of a build may need, which runs alone: helmfile's link took 2.5 GB (README.md). */
const perLink = 2.5 * gigabyte;

/** How many packages `go build` may compile at once: not more than cores, and not more than memory is free for. */
export const compilersAtOnce = (
  cores: number = availableParallelism(),
  freeBytes: number = process.availableMemory(),
): number => Math.max(1, Math.min(cores, Math.floor(freeBytes / perCompiler)));

/** What to say before a build where memory may not suffice for it; nothing where it does. */
export const memoryWarning = (freeBytes: number = process.availableMemory()): string | undefined =>
  freeBytes < perLink
    ? `${(freeBytes / gigabyte).toFixed(1)} GB of memory are free, and the largest of these builds needs ${perLink / gigabyte}`
    : undefined;
