export { helmfilePlugin } from './contribution.ts';
