/**
 * @module The command line of the bench.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Window } from './measure.ts';
import { hasPeers, type Part, SUBJECTS } from './subjects.ts';

export type Chapter = Part | 'stages';

export interface Options {
  readonly calls: readonly number[];
  readonly repeat: number;
  readonly starts: number;
  readonly window: Window;
  readonly subjects: readonly string[];
  readonly chapters: readonly Chapter[];
  readonly source: boolean;
  /** What every subject's node is started with. */
  readonly nodeFlags: readonly string[];
  readonly peers: boolean;
  /** Directory for CPU profiles. */
  readonly profiles: string | undefined;
  readonly json: boolean;
  readonly write: boolean;
  readonly from: string | undefined;
}

/**
 * What docs/performance.md says to run a server of calls with: a young generation that does not grow for as long as the
 * process lives, as many helpers of the collector as there are cores, and a heap that may grow by more than half before
 * all of it is looked through.
 */
const NODE_FLAGS = '--max-semi-space-size=16 --v8-pool-size=0 --heap-growing-percent=70';

/** What was asked for cannot be done as asked; the message says why, and no stack says more. */
export class InputError extends Error {}

const HELP = `npm run bench -- [options]

Measures Offhook beside a bridge written by hand, and beside @openai/agents where \`npm run bench:peers\` has installed
it. Prints Markdown: targets first, then tables. Progress goes to stderr. All of it takes about an hour.

  --calls 1,10,50,100,200,400   numbers of calls at once
  --repeat 3                    rounds; in each, every subject is run once
  --seconds 12                  of quiet, in which CPU, latency and losses are counted
  --warmup 20                   seconds before it, for the code to be compiled
  --watch 10                    of quiet after it, for reaction and event loop
  --patience 4                  how many times as long to wait for quiet: moments in which nobody took the processor
                                away from a virtual machine
  --starts 9                    cold starts of each subject
  --subjects bridge,offhook     of ${SUBJECTS.map(({ name }) => name).join(', ')}
  --only load,start,log,stages  chapters; all if not given
  --node-flags FLAGS            for every subject; default ${NODE_FLAGS}
  --source                      run Offhook from src instead of building it first (not for cold starts)
  --peers                       install the other runtimes first
  --profile DIR                 keep a CPU profile of every run; \`node bench/profile.ts FILE\` reads one
  --json                        print everything measured, every sample, as JSON instead
  --from FILE                   measure nothing: read what --json wrote
  --write                       put the result into docs/performance.md as well

For a quick look: --calls 100 --seconds 8 --repeat 3 --subjects bridge,offhook --only load
`;

const text = (value: string): { type: 'string'; default: string } => ({ type: 'string', default: value });
const flag = { type: 'boolean', default: false } as const;

/**
 * Reads the arguments.
 * @returns undefined once help was given
 * @throws InputError for an argument that is none, or has a value it cannot have
 */
export function readOptions(args: readonly string[]): Options | undefined {
  const { values } = parse({
    args: [...args],
    options: {
      calls: text('1,10,50,100,200,400'),
      repeat: text('3'),
      seconds: text('12'),
      warmup: text('20'),
      watch: text('10'),
      patience: text('4'),
      starts: text('9'),
      subjects: { type: 'string' },
      only: text('load,start,log,stages'),
      'node-flags': text(NODE_FLAGS),
      source: flag,
      peers: flag,
      json: flag,
      write: flag,
      from: { type: 'string' },
      profile: { type: 'string' },
      help: flag,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const { source, peers, json, write, from } = values;
  const number = (value: string): number => {
    if (!(Number(value) > 0)) throw new InputError(`not a number above 0: ${value}`);
    return Number(value);
  };
  const known = SUBJECTS.map(({ name }) => name);
  const available = known.filter((name) => name !== 'agents' || peers || hasPeers());
  return {
    calls: values.calls.split(',').map(number),
    repeat: number(values.repeat),
    starts: number(values.starts),
    window: {
      seconds: number(values.seconds),
      warmup: number(values.warmup),
      watch: number(values.watch),
      patience: number(values.patience),
    },
    subjects: values.subjects ? oneOf(values.subjects, known) : available,
    chapters: oneOf(values.only, ['load', 'start', 'log', 'stages']) as Chapter[],
    source,
    nodeFlags: values['node-flags'].split(' ').filter((word) => word !== ''),
    peers,
    profiles: values.profile && resolve(values.profile),
    json,
    write,
    from,
  };
}

function oneOf(list: string, known: readonly string[]): string[] {
  const names = list.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new InputError(`'${wrong}' is none of ${known.join(', ')}`);
  return names;
}

const parse: typeof parseArgs = (config) => {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new InputError((error as Error).message, { cause: error });
  }
};
