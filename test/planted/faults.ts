/**
 * @module The faults that are planted, one at a time: what was done to which chart, and what would be noticed of it.
 */
import { assign } from 'xstate';
import { noteSessionLost } from '../../src/machines/call/context.ts';
import type { CallContext } from '../../src/machines/call/vocabulary.ts';
import { DEMO, type Planted, type TestName } from './layer.ts';
import {
  changeEdges,
  dropAction,
  dropEdge,
  type Edge,
  type Effect,
  orderOf,
  retag,
  tamper,
} from './patch.ts';

/** Leaves out the orders of one kind. */
const withoutOrder = (type: string) => (effects: readonly Effect[]) =>
  effects.filter((effect) => orderOf(effect)?.type !== type);

const unguarded = ({ guard: _guard, ...edge }: Edge): Edge => edge;

export const SMALLEST_WALK: TestName = ['model/call-paths', 'media and its standing still'];
const TALK: TestName = ['model/call-paths', 'turns taken by the runtime'];
const OPENING: TestName = ['model/call-paths', 'an opening without a greeting'];
const TOOLS: TestName = ['model/call-paths', 'failure upon failure'];
const KEYPAD: TestName = ['model/call-paths', 'the keypad'];
const SLOT: TestName = ['model/session-paths', ''];

const SILENT_MODEL: TestName = ['chaos/model-silence', 'a filler at 8 s'];
const LOST_OVER_CALLER: TestName = ['e2e/session-loss', 'while the caller speaks'];
const LOST_LISTENING: TestName = ['e2e/session-loss', 'while listening'];

export const FAULTS: readonly Planted[] = [
  {
    name: 'stale event accepted',
    notices: 'late words about a reply that was cut change what is said next',
    breaks: 'generations out of order',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: ['chaos/model-silence', 'late audio of a cancelled answer'],
    lets: (reason) => reason === 'generation',
  },
  {
    name: 'media epoch ignored',
    notices: 'the end of an earlier media connection ends the one that is open',
    breaks: 'stale {"type":"leg.mediaStarted"',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    lets: (reason) => reason === 'media',
  },
  {
    name: 'missing flush',
    notices: 'the agent talks on for as long as the carrier has audio queued',
    breaks: 'forgotten without a flush',
    chart: 'call',
    walk: TALK,
    story: DEMO,
    replace: (machine) => ({ actions: tamper(machine, 'cutForCaller', withoutOrder('flush')) }),
  },
  {
    name: 'orders out of sequence',
    notices: 'the silence waits for what the model is told',
    breaks: 'the silence waits for "cancel"',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    replace: (machine) => ({
      actions: tamper(machine, 'cutForCaller', (effects) => [
        ...effects.filter((effect) => orderOf(effect)?.type !== 'flush'),
        ...effects.filter((effect) => orderOf(effect)?.type === 'flush'),
      ]),
    }),
  },
  {
    name: 'cut audio counted as heard',
    notices: 'the model refers to what nobody has heard',
    breaks: 'tells the model where its answer was cut',
    chart: 'call',
    walk: OPENING,
    story: DEMO,
    replace: (machine) => ({ actions: tamper(machine, 'noteCut', withoutOrder('truncate')) }),
  },
  {
    name: 'missing deadline: transfer',
    notices: 'a colleague who cannot decide keeps the caller waiting for ever',
    breaks: 'gives every state that waits a deadline',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    patch: (config) => dropEdge(config, 'live.dialogue.transferring.consulting', ['after', 'consultingMax']),
  },
  {
    name: 'missing deadline: answer',
    notices: 'a model that does not answer leaves the caller in silence',
    breaks: 'an apology at 16 s',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: SILENT_MODEL,
    conversations: 400,
    patch: (config) =>
      dropEdge(config, 'live.dialogue.conversing.thinking.generating', ['after', 'thinkMax']),
  },
  {
    name: 'missing deadline: hang-up',
    notices: 'a carrier that does not confirm keeps the call, and its bill, running',
    breaks: 'does not end: {"closing"',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: ['chaos/line-failures', 'stops reading'],
    conversations: 60,
    patch: (config) => dropEdge(config, 'closing.releasing', ['after', 'releasingMax']),
  },
  {
    name: 'silence timer missing',
    notices: 'sixteen seconds of silence while the model thinks or a tool works',
    breaks: 'a filler at 8 s',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: SILENT_MODEL,
    patch(config) {
      dropEdge(config, 'live.dialogue.conversing.thinking.generating', ['after', 'filler']);
      dropEdge(config, 'live.dialogue.conversing.thinking.awaitingTools', ['after', 'filler']);
    },
  },
  {
    name: 'lost tool result',
    notices: 'the model waits for what it was never told, or makes it up',
    breaks: 'the result of tool c1 is lost',
    chart: 'call',
    walk: TOOLS,
    story: DEMO,
    replace: (machine) => ({ actions: tamper(machine, 'giveResult', withoutOrder('toolResult')) }),
  },
  {
    name: 'tool executed twice',
    notices: 'two orders booked for one',
    breaks: 'stale {"type":"tool.done"',
    chart: 'call',
    walk: TOOLS,
    story: DEMO,
    replace: (machine) => ({
      actions: tamper(machine, 'runTool', (effects) =>
        effects.map((effect) => {
          if (effect.kind !== 'assign') return effect;
          const { toolsSeen: _forgotten, ...rest } = effect.args[0] as { toolsSeen: unknown };
          return { kind: 'assign', args: [rest] };
        }),
      ),
    }),
  },
  {
    name: 'child leaked',
    notices: 'every tool call leaves something running until the call ends',
    breaks: 'a tool that nobody waits for is alive',
    chart: 'call',
    walk: TOOLS,
    story: DEMO,
    replace: (machine) => ({
      actions: tamper(machine, 'giveResult', (effects) => effects.filter(({ kind }) => kind !== 'stopChild')),
    }),
  },
  {
    name: 'tool left running',
    notices: 'work that nobody wants goes on after the caller has hung up',
    breaks: 'stops a tool that was to be cancelled as soon as the line is gone',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: ['chaos/tool-interruptions', 'cancel: the caller hangs up'],
    patch: (config) => dropAction(config, 'closing', 'abandonTools'),
  },
  {
    name: 'wrong gate',
    notices: 'what is said while the session is away is lost',
    breaks: 'audio to a session that is not ready',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: LOST_OVER_CALLER,
    patch: (config) => retag(config, 'live.dialogue.reconnecting', 'hear.buffer', 'hear.live'),
  },
  {
    name: 'hold gate ignored',
    notices: 'the greeting is spoken to a line on which nobody listens yet',
    breaks: 'spoken to a line that nobody has answered',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: ['e2e/outbound', 'the greeting made while it rang is heard'],
    patch: (config) => retag(config, 'ringing', 'speak.hold', 'speak.live'),
  },
  {
    name: 'floor stuck',
    notices: 'a voice without an end makes the agent mute',
    breaks: 'gives every state that waits a deadline',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: ['chaos/caller', 'talks without end'],
    conversations: 400,
    patch: (config) => dropEdge(config, 'live.floor.sounding', ['after', 'voiceMax']),
  },
  {
    name: 'floor kept over a lost session',
    notices: 'a voice that another session heard holds up the answer',
    breaks: 'a voice that another session heard holds the floor',
    chart: 'call',
    walk: TALK,
    story: LOST_OVER_CALLER,
    conversations: 60,
    patch: (config) => dropEdge(config, 'live.floor', ['on', 'floor.reset']),
  },
  {
    name: 'duplicate greeting',
    notices: 'the caller is greeted again in the middle of the talk',
    breaks: 'a greeting that was heard is asked for again',
    chart: 'call',
    walk: TALK,
    story: LOST_LISTENING,
    patch: (config) =>
      changeEdges(config, '', ['on', 'session.ready'], (edge) => ({
        ...edge,
        actions: ['noteSessionReady', 'remakeGreeting', 'resetFloor'],
      })),
  },
  {
    name: 'owed answer forgotten',
    notices: 'after a hiccup of the line to the model, the question is never answered',
    breaks: 'the answer is forgotten with the session',
    chart: 'call',
    walk: TALK,
    story: ['e2e/session-loss', 'the new connection knows'],
    replace: () => ({
      actions: {
        noteSessionLost: assign(({ context }: { context: CallContext }) => ({
          ...noteSessionLost(context, false),
          owed: context.owed,
        })),
      },
    }),
  },
  {
    name: 'hang-up not answered',
    notices: 'the call goes on without a caller, and is paid for',
    breaks: 'the call goes on without anybody',
    chart: 'call',
    walk: OPENING,
    story: LOST_LISTENING,
    patch: (config) => changeEdges(config, '', ['on', 'leg.hangup'], ({ target: _target, ...edge }) => edge),
  },
  {
    name: 'transfer ended by silence',
    notices: 'thirty seconds into a transfer the call is cut off',
    breaks: 'media that stands still ends a call that is away',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    patch(config) {
      for (const [path, wait] of [
        ['live.media.waiting', 'mediaWaitingMax'],
        ['live.media.stalled', 'mediaStalledMax'],
      ] as const) {
        changeEdges(config, path, ['after', wait], unguarded);
      }
    },
  },
  {
    name: 'early speech after away',
    notices: 'words of before the transfer hold the floor when the caller is back',
    breaks: 'a voice is heard while away',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    patch: (config) => changeEdges(config, 'live.floor.quiet', ['on', 'voice.start'], unguarded),
  },
  {
    name: 'keys not told',
    notices: 'the caller presses a key, and the model knows of none',
    breaks: 'keys were pressed, and the model is not told',
    chart: 'call',
    walk: KEYPAD,
    story: ['chaos/caller', 'presses keys nobody asked for'],
    replace: (machine) => ({ actions: tamper(machine, 'enterDigits', withoutOrder('digits')) }),
  },
  {
    name: 'states chase each other',
    notices: 'the call ends in an apology as soon as it begins',
    breaks: 'a chart threw 1 times',
    chart: 'call',
    walk: SMALLEST_WALK,
    story: DEMO,
    patch: (config) => dropAction(config, '', 'noteGreetingAsked'),
  },
  {
    name: 'second response too early',
    notices: 'the vendor refuses the request, or two replies are spoken at once',
    breaks: 'a request is under way outside its slot',
    chart: 'session',
    walk: SLOT,
    story: ['chaos/model-silence', 'has one under way'],
    patch: (config) =>
      changeEdges(config, 'response.active', ['on', 'generate'], (edge) => ({
        ...edge,
        actions: ['forward'],
      })),
  },
  {
    name: 'dead connection believed',
    notices: 'what a lost connection still says is taken for the new one',
    breaks: 'a response under way on no connection',
    chart: 'session',
    walk: SLOT,
    story: ['e2e/session-loss', 'never comes back, lost while the agent speaks'],
    lets: () => true,
  },
  {
    name: 'number fought for',
    notices: 'two processes push each other out until the platform locks both out',
    breaks: 'no fight',
    chart: 'link',
    walk: SMALLEST_WALK,
    story: ['chaos/line-failures', '4409'],
    patch: (config) => dropEdge(config, 'open', ['on', 'link.down'], 'isRefused'),
  },
];
