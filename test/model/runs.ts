/**
 * @module The runs of one walk: each a real actor that is sent what symbols mean where it stands, and is overheard.
 */
import type { Coverage } from './coverage.ts';
import { noteMicrosteps, placeNamer } from './explore.ts';
import { Follower } from './pairs.ts';
import type { Runner, SnapshotOf, Walk } from './walk.ts';

/** One run of a real actor. */
export interface Run<Context> {
  readonly runner: Runner<Context>;
  /** Sends what a symbol means here; false if it means nothing. */
  readonly take: (symbol: string) => boolean;
}

/** The runs of one walk. */
export class Runs<Context> {
  readonly #walk: Walk<Context>;
  readonly #coverage: Coverage;
  readonly nameOf: (snapshot: SnapshotOf<Context>) => string;
  readonly taken = new Set<number>();
  steps = 0;

  constructor(walk: Walk<Context>, coverage: Coverage) {
    this.#walk = walk;
    this.#coverage = coverage;
    this.nameOf = placeNamer(walk);
  }

  /**
   * Runs the symbols, and from there whatever `then` does. Ends early where a symbol means nothing.
   * @param watch is told of the prefix as a whole, with no symbol, and then of each step
   * @returns the transitions taken
   */
  go(
    symbols: readonly string[],
    then: (run: Run<Context>) => void = () => {},
    watch?: (symbol: string, runner: Runner<Context>) => void,
  ): ReadonlySet<number> {
    const { candidates, prefix = [], start } = this.#walk;
    const { catalogue, pairs } = this.#coverage;
    const follower = new Follower(catalogue, (pair) => pairs.add(pair));
    const taken = new Set<number>();
    const runner = start(
      noteMicrosteps(catalogue, (microstep) => {
        for (const number of microstep) taken.add(number);
        follower.follow(microstep);
      }),
    );
    const done: string[] = [];
    const take = (symbol: string): boolean => {
      const { snapshot } = runner;
      const event = snapshot.status === 'active' ? candidates(snapshot).get(symbol) : undefined;
      if (!event) return false;
      done.push(symbol);
      this.steps += 1;
      runner.send(event);
      return true;
    };
    try {
      if (!prefix.every(take)) return taken;
      watch?.('', runner);
      const arrived = symbols.every((symbol) => {
        const isTaken = take(symbol);
        if (isTaken) watch?.(symbol, runner);
        return isTaken;
      });
      if (arrived) then({ runner, take });
      return taken;
    } catch (error) {
      throw new Error(`${(error as Error).message}\non ${JSON.stringify(done)}`, { cause: error });
    } finally {
      runner.dispose();
      for (const number of taken) this.taken.add(number);
    }
  }
}
