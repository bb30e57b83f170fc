export { main } from './runner/main.ts';
export { create, defaultSlo } from './procedures/create.ts';
export { documents } from './output/schema.ts';
