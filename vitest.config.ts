/** The suites: `core` runs wholly in virtual time, `realtime` repeats the main flows on the wall clock. */
import { defineConfig } from 'vitest/config';

/** `npm run test:deep`: everything there is to try, which takes minutes. */
const DEEP = process.env['DEEP'] === '1';

export default defineConfig({
  // `offhook` itself, as examples import it, is this clone's sources.
  ssr: { resolve: { conditions: ['source', 'module', 'node', 'import', 'default'] } },
  test: {
    pool: 'forks',
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['test/{unit,model,property,planted,conformance,chaos,matrix,e2e,soak}/**/*.test.ts'],
          setupFiles: ['test/model/no-real-timers.ts'],
          // Time is virtual; the limit is there for what never ends, on however busy a machine.
          testTimeout: DEEP ? 600_000 : 120_000,
        },
      },
      {
        extends: true,
        test: { name: 'realtime', include: ['test/realtime/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
});
