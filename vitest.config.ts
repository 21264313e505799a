/** The suites: `core` runs wholly in virtual time, `realtime` repeats the main flows on the wall clock. */
import { defineConfig } from 'vitest/config';

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
        },
      },
      {
        extends: true,
        test: { name: 'realtime', include: ['test/realtime/**/*.test.ts'], testTimeout: 60_000 },
      },
    ],
  },
});
