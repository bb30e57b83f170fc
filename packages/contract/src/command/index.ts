export { type Answer, type Ask, RUN_HOOK, changingFlags, commonFlags, given, StepCommand } from './step-command.ts';
