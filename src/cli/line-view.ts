/**
 * @module What happens on a telephone line, in words: the exchange's events as one line each, for `exchange` and
 * `dial`, who hear a call from the caller's end and know nothing of charts.
 */
import { type CallEvent, bargeInsOf, turnsOf } from '../exchange/index.ts';
import { createPaint, pad, type Style } from './text.ts';
import { ms } from './view.ts';

export interface LineView {
  /** Shows one event of a call. */
  show(call: string, event: CallEvent): void;
}

const LABEL_WIDTH = 10;
const ID_LENGTH = 8;

/**
 * Creates a view of lines.
 * @param options.calls names the call in each line
 */
export function createLineView(options: {
  readonly write: (line: string) => void;
  readonly color: boolean;
  readonly time: (at: number) => string;
  readonly calls?: boolean;
}): LineView {
  const paint = createPaint(options.color);
  const histories = new Map<string, CallEvent[]>();
  return {
    show(call, event) {
      const history = histories.get(call) ?? [];
      histories.set(call, history);
      history.push(event);
      if (event.type === 'ended') histories.delete(call);
      const told = describeEvent(event, history);
      if (!told) return;
      const id = options.calls ? `${pad(call.slice(0, ID_LENGTH), ID_LENGTH)}  ` : '';
      options.write(
        `${paint('dim', `${options.time(event.at)}  ${id}`)}${paint(told.look, pad(told.label, LABEL_WIDTH))}${told.text}`,
      );
    },
  };
}

interface Told {
  readonly label: string;
  readonly look: Style;
  readonly text: string;
}

/** Says what an event means; undefined for what is of no interest to a person. @param history it included */
export function describeEvent(event: CallEvent, history: readonly CallEvent[]): Told | undefined {
  switch (event.type) {
    case 'callerVoiceStart':
      return tell('caller', event.over ? 'speaks over the agent' : 'speaks', 'green');
    case 'callerVoiceStop':
      return tell('caller', 'has spoken', 'green');
    case 'agentVoiceStart':
      return tell('agent', `speaks${latencyOf(history)}`, 'magenta');
    case 'agentVoiceStop':
      return tell('agent', 'pauses', 'magenta');
    case 'clear':
      return tell('cleared', `${ms(event.droppedMs)} of the agent's audio${reactionOf(history)}`, 'yellow');
    case 'digit':
      return tell('keypad', `${event.digit} from the ${event.from}`, 'cyan');
    case 'timeout':
      return tell('caller', 'has waited long enough', 'yellow');
    default:
      return describeProgress(event);
  }
}

/** How the call itself gets on, whatever is said in it. */
function describeProgress(event: CallEvent): Told | undefined {
  switch (event.type) {
    case 'offered':
      return tell('ring', 'the agent is offered the call', 'bold');
    case 'ringing':
      return tell('ring', 'the other side rings', 'bold');
    case 'accepted':
      return tell('accepted', 'the agent takes the call');
    case 'answered':
      return tell('answered', 'the other side picked up', 'bold');
    case 'sessionFailed':
      return tell('failed', 'the agent could not serve the call', 'red');
    case 'mediaOpened':
      return tell('line', 'open both ways');
    case 'mediaClosed':
      return tell('line', `closed by the ${event.by}`);
    case 'transfer':
      return tell('transfer', event.state, 'cyan');
    case 'ended': {
      const look = event.status === 'completed' ? 'green' : 'red';
      return tell('ended', `${event.status} after ${event.duration} s`, look);
    }
    default:
      return undefined;
  }
}

const tell = (label: string, text: string, look: Style = 'blue'): Told => ({ label, look, text });

function latencyOf(history: readonly CallEvent[]): string {
  const before = turnsOf(history.slice(0, -1)).length;
  const turn = turnsOf(history).at(before);
  return turn ? `, ${ms(turn.latencyMs)} after the caller's last word` : '';
}

function reactionOf(history: readonly CallEvent[]): string {
  const heeded = (events: readonly CallEvent[]) =>
    bargeInsOf(events).filter(({ reactionMs }) => reactionMs !== undefined);
  const reaction = heeded(history).at(heeded(history.slice(0, -1)).length);
  return reaction?.reactionMs === undefined
    ? ''
    : `, ${ms(reaction.reactionMs)} after the caller's first sound`;
}
