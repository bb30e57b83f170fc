/**
 * What Node is still doing for us behind the scenes: requests for files, as asynchronous reads make them. While one of
 * these is out, somebody can still go on, and virtual time has to wait for it. Node tells nothing of WebCrypto and zlib in
 * its thread pool: whoever runs against a lab uses their synchronous forms.
 */
const BUSY = /^FSReq|^CloseReq$/;

/** Turns after which a request that never comes back (a read of an idle stdin) no longer holds time up. */
const PATIENCE = 100_000;

/** Resolves when all that can run without time passing has run: every microtask, every tick, every request for a file. */
export async function idle(): Promise<void> {
  await turn();
  for (let turns = 0; turns < PATIENCE && process.getActiveResourcesInfo().some((name) => BUSY.test(name)); turns++) {
    await turn();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
