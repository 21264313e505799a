/** The suites: `core` runs wholly in virtual time, `realtime` repeats the main flows on the wall clock. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** `npm run test:deep`: everything there is to try, which takes minutes. */
const DEEP = process.env['DEEP'] === '1';

/** Longest first. On a fresh clone Vitest goes by size, and a short file that walks a chart would end alone. */
const LONGEST = ['planted/planted', 'model/call-paths', 'property/conversations', 'model/session-paths'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONGEST.findIndex((name) => moduleId.includes(`/test/${name}.`));
      return place < 0 ? LONGEST.length : place;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  // `offhook` itself, as examples import it, is this clone's sources.
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'import', 'default'] } },
  test: {
    pool: 'forks',
    testTimeout: 20_000,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          // Vitest would leave a core idle. Virtual time does not mind; what runs on the wall clock comes after, alone.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          include: ['test/{unit,model,property,planted,conformance,chaos,matrix,e2e,soak}/**/*.test.ts'],
          setupFiles: ['test/model/no-real-timers.ts'],
          // Time is virtual; the limit is there for what never ends, on however busy a machine.
          testTimeout: DEEP ? 600_000 : 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'realtime',
          include: ['test/realtime/**/*.test.ts'],
          testTimeout: 60_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
