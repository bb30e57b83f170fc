export { fluxPlugin } from './contribution.ts';
