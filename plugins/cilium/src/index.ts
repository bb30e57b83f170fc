export { ciliumPlugin } from './contribution.ts';
