export type * from './schema/index.ts';
export * from './step.ts';
export * from './world.ts';
export * from './contribution.ts';
export * from './lock.ts';
export * from './identity.ts';
export * from './problem.ts';
export type * from './lab.ts';
