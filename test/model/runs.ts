/**
 * @module The runs of one walk: each a real actor that is sent what symbols mean where it stands, and is overheard.
 */
import type { Coverage } from './coverage.ts';
import { noteMicrosteps, placeNamer } from './explore.ts';
import { Follower, type Latest } from './pairs.ts';
import type { Runner, SnapshotOf, Walk } from './walk.ts';

/** One run of a real actor. */
export interface Run<Context> {
  readonly runner: Runner<Context>;
  /** Sends what a symbol means here; false if it means nothing. */
  readonly take: (symbol: string) => boolean;
  /** Lets other runs begin here, at what is called `place`. */
  readonly keep: (place: string) => void;
}

/** Where a run stood, with what led there. */
interface Stand<Context> {
  readonly start: Walk<Context>['start'];
  readonly done: readonly string[];
  readonly latest: Latest;
}

/** The runs of one walk. */
export class Runs<Context> {
  readonly #walk: Walk<Context>;
  readonly #coverage: Coverage;
  readonly nameOf: (snapshot: SnapshotOf<Context>) => string;
  readonly taken = new Set<number>();
  readonly #stands = new Map<string, Stand<Context>>();
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
    then?: (run: Run<Context>) => void,
    watch?: (symbol: string, runner: Runner<Context>) => void,
  ): ReadonlySet<number> {
    return this.#go(symbols, then, watch);
  }

  /** The same, where a run was kept at `place`, without the way to it: only the `last` of the symbols. */
  goOn(
    place: string | undefined,
    symbols: readonly string[],
    last: readonly string[],
    then?: (run: Run<Context>) => void,
  ): void {
    const stand = place === undefined ? undefined : this.#stands.get(place);
    this.#go(stand ? last : symbols, then, undefined, stand);
  }

  #go(
    symbols: readonly string[],
    then: (run: Run<Context>) => void = () => {},
    watch?: (symbol: string, runner: Runner<Context>) => void,
    stand?: Stand<Context>,
  ): ReadonlySet<number> {
    const { candidates, prefix = [] } = this.#walk;
    const { catalogue, pairs } = this.#coverage;
    const follower = new Follower(catalogue, (pair) => pairs.add(pair), stand?.latest);
    const taken = new Set<number>();
    const { start } = stand ?? this.#walk;
    const runner = start(
      noteMicrosteps(catalogue, (microstep) => {
        for (const number of microstep) taken.add(number);
        follower.follow(microstep);
      }),
    );
    const done: string[] = [...(stand?.done ?? [])];
    const take = (symbol: string): boolean => {
      const { snapshot } = runner;
      const event = snapshot.status === 'active' ? candidates(snapshot).get(symbol) : undefined;
      if (!event) return false;
      done.push(symbol);
      this.steps += 1;
      runner.send(event);
      return true;
    };
    const keep = (place: string): void => {
      const again = runner.snapshot.status === 'active' ? runner.keep?.() : undefined;
      if (again) this.#stands.set(place, { start: again, done: [...done], latest: follower.latest });
    };
    try {
      if (!stand && !prefix.every(take)) return taken;
      watch?.('', runner);
      const arrived = symbols.every((symbol) => {
        const isTaken = take(symbol);
        if (isTaken) watch?.(symbol, runner);
        return isTaken;
      });
      if (arrived) then({ runner, take, keep });
      return taken;
    } catch (error) {
      throw new Error(`${(error as Error).message}\non ${JSON.stringify(done)}`, { cause: error });
    } finally {
      runner.dispose();
      for (const number of taken) this.taken.add(number);
    }
  }
}
