/**
 * @module The end of a call: let the last words be heard, hang up, wait for what must still be finished.
 */
import { callSetup } from './setup.ts';

const farewell = callSetup.createStateConfig({
  initial: 'waiting',
  tags: ['hear.drop', 'speak.live'],
  always: [
    { guard: 'mediaGone', target: 'releasing', meta: { why: 'nobody can hear' } },
    { guard: 'farewellOver', target: 'releasing', meta: { why: 'the last words were heard' } },
  ],
  on: {
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'nothing new is begun at the end' } },
    'tool.call': [
      { guard: 'endsTheCall', actions: 'noteToolSeen', meta: { why: 'it is ending already' } },
      { actions: 'runTool', meta: { why: 'the rest of the same response' } },
    ],
    'session.lost': {
      actions: ['noteSessionLost', 'dropSessionVoice'],
      meta: { why: 'what was sent may be heard; nothing more will come' },
    },
    fault: { target: 'releasing', meta: { why: 'a fault in the farewell' } },
  },
  after: {
    farewellMax: { target: 'releasing', meta: { why: 'a farewell has an end' } },
  },
  states: {
    waiting: {
      always: { guard: 'noWordsOutstanding', target: 'playing', meta: { why: 'the last words have begun' } },
      on: {
        'gen.started': {
          guard: 'wasAsked',
          target: 'waiting',
          reenter: true,
          actions: 'startGeneration',
          meta: { why: 'the last words are being made' },
        },
      },
      after: {
        lastWordsMax: { target: '#call.closing.releasing', meta: { why: 'the last words do not come' } },
      },
    },
    playing: {},
  },
});

const releasing = callSetup.createStateConfig({
  tags: ['hear.drop', 'speak.drop'],
  entry: ['cutForRuntime', 'hangUpLeg', 'closeSession', 'abandonTools'],
  always: { guard: 'lineGone', target: 'settling', meta: { why: 'the line is gone' } },
  on: {
    'leg.hangup': { target: 'settling', actions: 'noteHangup', meta: { why: 'the line is gone' } },
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'the call is over' } },
    fault: { target: 'settling', meta: { why: 'a fault while hanging up' } },
  },
  after: { releasingMax: { target: 'settling', meta: { why: 'the line does not confirm' } } },
});

const settling = callSetup.createStateConfig({
  tags: ['hear.drop', 'speak.drop'],
  entry: ['cutForRuntime', 'closeSession', 'abandonTools', 'hangUpLeg'],
  always: { guard: 'settled', target: '#call.ended', meta: { why: 'nothing is left to wait for' } },
  on: {
    'leg.hangup': { actions: 'noteHangup', meta: { why: 'the line is gone' } },
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'the call is over' } },
    fault: { target: '#call.ended', meta: { why: 'a fault while settling' } },
  },
  after: {
    finalWordMax: { actions: 'noteFinalWord', meta: { why: 'the platform says no more' } },
    finishMax: { target: '#call.ended', meta: { why: 'a tool that was to finish did not' } },
  },
});

export const closing = callSetup.createStateConfig({
  initial: 'farewell',
  states: { farewell, releasing, settling },
});
