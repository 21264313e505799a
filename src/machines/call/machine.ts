/**
 * @module The call chart, put together. `createCallLogic` gives it its ports once per process; what is particular
 * to one call comes in by `input`.
 */
import type { AnyStateMachine } from 'xstate';
import type { CallPorts } from './base.ts';
import { closing } from './closing.ts';
import { createContext } from './context.ts';
import { conversing, reconnecting } from './conversing.ts';
import { greeting, prewarm } from './opening.ts';
import { ringing } from './ringing.ts';
import { callSetup } from './setup.ts';
import { farEnd, floor, keypad, media, recording } from './sides.ts';
import { handedOff, leavingMessage, returning, transferring } from './transferring.ts';

export const callMachine = callSetup.createMachine({
  id: 'call',
  context: ({ input }) => createContext(input),
  // The longest run of states passed through at once is under ten: more is a loop, and becomes a fault.
  options: { maxIterations: 100 },
  initial: 'ringing',
  output: ({ context }) => context.outcome,
  invoke: [
    { id: 'leg', src: 'leg', input: ({ context }) => ({ call: context.id }) },
    { id: 'session', src: 'session', input: ({ context }) => ({ call: context.id }) },
  ],
  on: {
    'leg.hangup': {
      target: '.closing.releasing',
      actions: 'noteHangup',
      meta: { why: 'the other side hung up' },
    },
    'leg.ended': { actions: 'noteFinalWord', meta: { why: "the platform's final word" } },
    'leg.mediaStarted': { actions: 'noteMediaStarted', meta: { why: 'media is open' } },
    'leg.mediaStopped': { actions: 'noteMediaStopped', meta: { why: 'media closed' } },
    'session.ready': {
      actions: ['noteSessionReady', 'resetFloor'],
      meta: { why: 'a connection can be talked to' },
    },
    'session.lost': {
      actions: ['noteSessionLost', 'cutForRuntime', 'resetFloor'],
      meta: { why: 'the connection is gone' },
    },
    'session.failed': { actions: 'noteSessionFailed', meta: { why: 'no connection is to be had' } },
    'start.done': { actions: 'noteStarted', meta: { why: 'the listeners of call_start have run' } },
    'gen.started': [
      { guard: 'startsUnwanted', actions: 'refuseGeneration', meta: { why: 'its request was taken back' } },
      { actions: 'startGeneration', meta: { why: 'a reply begins' } },
    ],
    'gen.audio': { actions: 'noteAudio', meta: { why: 'first audio' } },
    'gen.done': { actions: 'finishGeneration', meta: { why: 'a reply has fully arrived' } },
    'gen.failed': { actions: 'failGeneration', meta: { why: 'a reply broke or was refused' } },
    'gen.stalled': { actions: 'abandonGeneration', meta: { why: 'the provider went quiet in mid-reply' } },
    'playout.drained': { actions: 'noteDrained', meta: { why: 'a reply was played to its end' } },
    'playout.cut': { actions: 'noteCut', meta: { why: 'a reply was cut, and how much was heard is known' } },
    'tool.done': { actions: 'giveResult', meta: { why: 'a tool has its result' } },
    fault: {
      target: '.closing.farewell',
      actions: ['cutForRuntime', 'apologise', 'endedByFault'],
      meta: { why: 'something of ours threw' },
    },
  },
  states: {
    ringing,
    live: {
      type: 'parallel',
      entry: ['forgetGreetingAge', 'runLimit'],
      exit: 'stopLimit',
      on: {
        'turn.committed': {
          guard: 'saysSomething',
          actions: 'openTurn',
          meta: { why: 'the caller said something' },
        },
        'agent.end': {
          target: 'closing.farewell',
          actions: 'endedByAgent',
          meta: { why: 'the agent ends the call' },
        },
        'limit.reached': {
          target: 'closing.farewell',
          actions: ['cutForRuntime', 'playGoodbye', 'endedByLimit'],
          meta: { why: 'the longest a call may be' },
        },
        'tool.call': [
          {
            guard: 'endsTheCall',
            target: 'closing.farewell',
            actions: ['noteToolSeen', 'noteEnding', 'endedByAgent'],
            meta: { why: 'the model hangs up' },
          },
          { actions: 'runTool', meta: { why: 'the model calls a tool' } },
        ],
      },
      states: {
        dialogue: {
          initial: 'prewarm',
          states: {
            prewarm,
            greeting,
            conversing,
            transferring,
            returning,
            handedOff,
            leavingMessage,
            reconnecting,
          },
          on: {
            'leg.verdict': {
              guard: 'voicemailWantedInTalk',
              target: '.leavingMessage',
              actions: ['dropGreeting', 'cutForRuntime'],
              meta: { why: 'a mailbox wants a message, not a talk' },
            },
            'transfer.requested': {
              guard: 'inTalk',
              target: '.transferring',
              actions: ['noteTransfer', 'dropGreeting', 'cutForRuntime'],
              meta: { why: 'the caller is to talk to somebody else' },
            },
          },
        },
        floor,
        keypad: { id: 'keypad', ...keypad },
        farEnd,
        recording,
        media,
      },
    },
    closing,
    ended: { type: 'final' },
  },
});

/** The chart with its ports. The narrow type keeps XState out of every signature that follows. */
export function createCallLogic(ports: CallPorts): AnyStateMachine {
  return callMachine.provide({ actors: ports });
}
