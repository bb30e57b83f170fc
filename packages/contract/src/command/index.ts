export { type Answer, type Ask, RUN_HOOK, changingFlags, commonFlags, StepCommand } from './step-command.ts';
