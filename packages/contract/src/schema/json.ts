import { z } from 'zod';

/** Plain data that survives a file, a hook and another copy of this package. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export const Json: z.ZodType<Json> = z.lazy(() =>
  z.union([z.null(), z.boolean(), z.number(), z.string(), z.array(Json), z.record(z.string(), Json)]),
);

/** A duration in milliseconds. */
export const Ms = z.number().int().nonnegative();
export type Ms = z.infer<typeof Ms>;
