export * from './json.ts';
export * from './action.ts';
export * from './observation.ts';
export * from './plan.ts';
export * from './journal.ts';
export * from './section.ts';
