/**
 * @module Draws the charts from the machines: docs/charts/*.svg and docs/charts.md. `node scripts/draw-charts.ts
 * [--check]`: with `--check` nothing is written, and the exit code is 1 where a file is not what would be written.
 */
import { callMachine } from '../src/machines/call/machine.ts';
import { linkMachine } from '../src/machines/link/index.ts';
import { sessionMachine } from '../src/machines/session/machine.ts';
import { type ChartState, flatten, readChart, stateAt } from './lib/chart-model.ts';
import { type ChartSection, writeChartPage } from './lib/chart-page.ts';
import { drawDetail, drawOverview } from './lib/chart-picture.ts';
import { finish, type GeneratedFiles } from './lib/generated.ts';
import type { Side } from './lib/svg.ts';

const REMAKE = 'npm run docs';
const FOLDER = 'docs/charts';

interface Picture {
  readonly file: string;
  readonly title: string;
  readonly about: string;
  readonly chart: keyof typeof CHARTS;
  /** States with everything in them; `''` is the whole chart. */
  readonly states: readonly string[];
  /** Shows what holds what, and no transition. */
  readonly overview?: true;
  /** States of which only the box itself is shown, with what it does on behalf of those inside. */
  readonly shells?: readonly string[];
}

const CHARTS = {
  call: readChart(callMachine),
  session: readChart(sessionMachine),
  link: readChart(linkMachine),
};

/** Which state is shown where. A state that is in none, or in two, is an error. */
const PICTURES: readonly Picture[] = [
  {
    file: 'call',
    title: 'The call',
    about:
      'The whole chart: what holds what. Six regions are live at the same time. `src/machines/call/machine.ts`',
    chart: 'call',
    states: [''],
    overview: true,
  },
  {
    file: 'call-everywhere',
    title: 'Call: everywhere',
    about:
      'What holds in every state of the call, of a live call, and of its dialogue. `src/machines/call/machine.ts`',
    chart: 'call',
    states: ['ended'],
    shells: ['', 'live', 'live.dialogue'],
  },
  {
    file: 'call-ringing',
    title: 'Call: ringing',
    about: 'Before the answer. `src/machines/call/ringing.ts`',
    chart: 'call',
    states: ['ringing'],
  },
  {
    file: 'call-opening',
    title: 'Call: prewarm and greeting',
    about: 'The first seconds. `src/machines/call/opening.ts`',
    chart: 'call',
    states: ['live.dialogue.prewarm', 'live.dialogue.greeting'],
  },
  {
    file: 'call-conversing',
    title: 'Call: conversing',
    about: 'Listening, thinking, speaking; barge-in is decided here. `src/machines/call/conversing.ts`',
    chart: 'call',
    states: ['live.dialogue.conversing'],
  },
  {
    file: 'call-reconnecting',
    title: 'Call: reconnecting',
    about:
      "The model's connection was lost while somebody was talking to it. `src/machines/call/conversing.ts`",
    chart: 'call',
    states: ['live.dialogue.reconnecting'],
  },
  {
    file: 'call-away',
    title: 'Call: away and back',
    about: 'The caller is with somebody else, or is a mailbox. `src/machines/call/transferring.ts`',
    chart: 'call',
    states: [
      'live.dialogue.transferring',
      'live.dialogue.returning',
      'live.dialogue.handedOff',
      'live.dialogue.leavingMessage',
    ],
  },
  {
    file: 'call-floor',
    title: 'Call: the floor',
    about: 'Who is heard. `sounding.voiced` is holding the floor. `src/machines/call/sides.ts`',
    chart: 'call',
    states: ['live.floor'],
  },
  {
    file: 'call-sides',
    title: 'Call: keypad, far end, recording, media',
    about: 'The other regions. `src/machines/call/sides.ts`',
    chart: 'call',
    states: ['live.keypad', 'live.farEnd', 'live.recording', 'live.media'],
  },
  {
    file: 'call-closing',
    title: 'Call: closing',
    about: 'Last words, hang-up, what must still be finished. `src/machines/call/closing.ts`',
    chart: 'call',
    states: ['closing'],
  },
  {
    file: 'session-upkeep',
    title: 'Session: upkeep',
    about: "The model's connections, one after another. `src/machines/session/machine.ts`",
    chart: 'session',
    states: ['upkeep'],
    shells: [''],
  },
  {
    file: 'session-response',
    title: 'Session: the response slot',
    about: 'At most one response under way on a connection. `src/machines/session/machine.ts`',
    chart: 'session',
    states: ['response'],
  },
  {
    file: 'link',
    title: 'Link',
    about: 'A control connection to a carrier. `src/machines/link/link.ts`',
    chart: 'link',
    states: [''],
  },
];

/** Every file of the charts, by path. @param side for converters that know no dark page */
export function drawCharts(side: Side | 'both' = 'both'): GeneratedFiles {
  checkComplete();
  const files = new Map<string, string>();
  const sections: ChartSection[] = [];
  for (const picture of PICTURES) {
    const chart = CHARTS[picture.chart];
    const isOverview = picture.overview ?? false;
    const shells = (picture.shells ?? [])
      .map((path) => ({ ...stateAt(chart, path), states: [] }))
      // A box that does nothing of its own would only stand in the way.
      .filter(({ moves }) => moves.length > 0);
    const states: ChartState[] = [...shells, ...picture.states.map((path) => stateAt(chart, path))];
    const options = { title: picture.title, side };
    files.set(
      `${FOLDER}/${picture.file}.svg`,
      isOverview ? drawOverview(chart, options) : drawDetail(states, options),
    );
    sections.push({
      title: picture.title,
      about: picture.about,
      picture: `charts/${picture.file}.svg`,
      states: isOverview ? [] : states,
    });
  }
  files.set('docs/charts.md', writeChartPage(sections, CHARTS.call, REMAKE));
  return files;
}

/** A state that is added to a machine has to be given a picture. */
function checkComplete(): void {
  const shown = PICTURES.filter(({ overview }) => !overview).flatMap(({ chart, states, shells = [] }) => [
    ...shells.map((path) => `${chart}:${path}`),
    ...states.flatMap((path) =>
      flatten(stateAt(CHARTS[chart], path)).map((state) => `${chart}:${state.path}`),
    ),
  ]);
  const all = Object.entries(CHARTS).flatMap(([chart, root]) =>
    flatten(root).map(({ path }) => `${chart}:${path}`),
  );
  for (const name of all) {
    const times = shown.filter((other) => other === name).length;
    if (times !== 1) throw new RangeError(`The state ${name} is in ${times} pictures, not in one.`);
  }
}

if (import.meta.main) finish(drawCharts(), { remake: REMAKE, folder: FOLDER });
