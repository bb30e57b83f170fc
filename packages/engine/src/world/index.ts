export { openRealWorld, type RealWorldOptions } from './real.ts';
export { takeLock, type Lock } from './lock.ts';
