export {
  type Answer,
  type Ask,
  RUN_HOOK,
  bundleFlags,
  changingFlags,
  commonFlags,
  given,
  StepCommand,
} from './step-command.ts';
