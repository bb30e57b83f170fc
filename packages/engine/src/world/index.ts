export { openRealWorld, type RealWorldOptions } from './real.ts';
export { takeLock, type Lock, type LockHolder } from './lock.ts';
