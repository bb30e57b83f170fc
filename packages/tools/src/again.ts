import type { Done, Probe, Reader } from '@coldstart/contract';

/** What a tool says when a connection was lost in passing. A black-holed address is not among them: it has waited long enough. */
const PASSING =
  /connection refused|was refused - did you specify|EOF\b|connection reset by peer|broken pipe|TLS handshake timeout|http2: (?:client connection lost|server sent GOAWAY)/;
const MOST_CALLS = 3;

/**
 * Asks a read-only question, and asks again at once where its answer was lost in passing: three calls at most, two where time
 * ran out. One lost answer of hundreds is no reason to end a run.
 */
export async function askAgain(world: Reader, probe: Probe): Promise<Done> {
  for (let calls = 1; ; calls += 1) {
    const done = await world.probe(probe);
    const lost =
      done.how === 'deadline' ? calls < 2 : done.how === 'exit' && done.exit !== 0 && PASSING.test(done.stderr);
    if (!lost || calls >= MOST_CALLS) return done;
  }
}
