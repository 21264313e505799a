/**
 * @module Which folder of src may import which. Imports point one way: charts and audio know nothing of providers or
 * transports, the runtime core knows nothing of anyone, and only the agent and runtime/assemble wire.
 */

/** A folder of src, or a part of one that has rules of its own. */
export type Area =
  | 'machines'
  | 'audio'
  | 'runtime'
  | 'assemble'
  | 'contracts'
  | 'providers'
  | 'transport'
  | 'tools'
  | 'trace'
  | 'exchange'
  | 'testing'
  | 'cli'
  | 'errors'
  | 'env'
  | 'root'
  | 'outside';

interface Rule {
  /** What may be loaded, besides the area itself. */
  readonly values: readonly Area[];
  /** What may be imported for its types only, besides `values`. */
  readonly types: readonly Area[];
}

/** Everything that a caller of the library runs. */
const LIBRARY: readonly Area[] = [
  'machines',
  'audio',
  'runtime',
  'assemble',
  'contracts',
  'providers',
  'transport',
  'tools',
  'trace',
  'errors',
  'env',
  'root',
];

export const IMPORT_RULES: Readonly<Record<Area, Rule>> = {
  machines: { values: [], types: ['audio', 'contracts', 'errors', 'runtime'] },
  audio: { values: ['errors'], types: ['runtime'] },
  // The switchboard and the replay are where charts meet the runtime; neither knows who stands behind a port.
  runtime: { values: ['errors', 'machines'], types: ['audio', 'contracts'] },
  contracts: { values: [], types: ['audio', 'runtime', 'errors'] },
  // Adapters run the charts of their own connections (link, pipeline); the charts never know them.
  providers: { values: ['contracts', 'audio', 'runtime', 'errors', 'env', 'machines'], types: [] },
  transport: { values: ['contracts', 'audio', 'runtime', 'errors', 'env', 'machines'], types: [] },
  tools: { values: ['errors', 'runtime', 'env'], types: ['contracts'] },
  trace: { values: ['errors', 'runtime', 'env'], types: ['contracts', 'machines'] },
  exchange: { values: ['audio', 'runtime', 'errors'], types: [] },
  errors: { values: [], types: [] },
  env: { values: ['errors'], types: [] },
  assemble: { values: LIBRARY, types: [] },
  root: { values: LIBRARY, types: [] },
  testing: { values: [...LIBRARY, 'exchange', 'outside'], types: [] },
  cli: { values: [...LIBRARY, 'exchange', 'testing', 'outside'], types: [] },
  outside: { values: [], types: [] },
};

const CONTRACTS = new Set(['src/providers/contract.ts', 'src/transport/contract.ts']);

/** The area of a file, by its path from the root. A file at the top of src is `root`, but for errors and env. */
export function areaOf(path: string): Area {
  if (!path.startsWith('src/')) return 'outside';
  if (CONTRACTS.has(path)) return 'contracts';
  if (path.startsWith('src/runtime/assemble/')) return 'assemble';
  const top = path.split('/')[1] ?? '';
  if (top === 'errors.ts') return 'errors';
  if (top === 'env.ts') return 'env';
  const area = Object.keys(IMPORT_RULES).find((name): name is Area => name === top);
  return area ?? 'root';
}
