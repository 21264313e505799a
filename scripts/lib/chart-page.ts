/** @module Writes the page of charts: each picture, and below it every transition with its actions and its reason. */
import { type ChartMove, type ChartState, flatten } from './chart-model.ts';

export interface ChartSection {
  readonly title: string;
  readonly about: string;
  /** From the page's own folder. */
  readonly picture: string;
  /** Their transitions are listed; none for an overview. */
  readonly states: readonly ChartState[];
}

/** The page for a list of sections. */
export function writeChartPage(
  sections: readonly ChartSection[],
  tagged: ChartState,
  remake: string,
): string {
  return [
    '# Charts',
    '',
    `<!-- Made by \`${remake}\` from the machines in src/machines. Change them there. -->`,
    '',
    'Every state and every transition of the three charts, read from the machines themselves. A dot marks where a state',
    'begins. Pills are the tags that steer the media plane. `always` is looked at after every event; `after` is a timer;',
    'in brackets stands the guard, a function of that name in `guards.ts` or `setup.ts` of the chart. An event that a',
    'state does not list goes to the state around it.',
    '',
    ...sections.map(({ title }) => `- [${title}](#${anchorOf(title)})`),
    '- [What steers the audio](#what-steers-the-audio)',
    '',
    ...sections.flatMap(writeSection),
    ...writeTags(tagged),
  ].join('\n');
}

function writeSection({ title, about, picture, states }: ChartSection): string[] {
  const rows = states.flatMap(flatten).flatMap((state) => state.moves.map((move) => writeRow(state, move)));
  const table = [
    '| state | event | target | what is done | why |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
  return [`## ${title}`, '', about, '', `![${title}](${picture})`, '', ...(rows.length > 0 ? table : [])];
}

function writeRow({ path, key }: ChartState, { on, guard, to, actions, why }: ChartMove): string {
  const name = path === '' ? key : path.replace(/^live\.dialogue\./, '');
  const event = `${code(on)}${guard === undefined ? '' : ` [${code(guard)}]`}`;
  return `| ${code(name)} | ${event} | ${to === undefined ? 'stays' : code(to)} | ${actions.map(code).join(' ')} | ${why ?? ''} |`;
}

/** The states of a chart that carry tags, and what each family is set to there. */
function writeTags(chart: ChartState): string[] {
  const families = ['hear.', 'speak.'];
  const rows = flatten(chart)
    .filter(({ tags }) => tags.length > 0)
    .map(({ path, tags }) => {
      const cells = families.map(
        (family) => tags.find((tag) => tag.startsWith(family))?.slice(family.length) ?? '',
      );
      const others = tags.filter((tag) => !families.some((family) => tag.startsWith(family)));
      return `| ${code(path.replace(/^live\.dialogue\./, ''))} | ${cells.join(' | ')} | ${others.join(' ')} |`;
    });
  return [
    '## What steers the audio',
    '',
    '`hear` is the gate from the caller to the session, `speak` the one from the agent to the carrier. States within one',
    'of these are steered as it is.',
    '',
    '| state | hear | speak | |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

const code = (name: string): string => `\`${name}\``;

/** As GitHub makes them. */
const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
