/**
 * @module The end of a call: let the last words be heard, hang up, wait for what must still be finished.
 */
import { callSetup } from './setup.ts';

const farewell = callSetup.createStateConfig({
  tags: ['hear.drop', 'speak.live'],
  always: [
    { guard: 'unanswered', target: 'releasing', meta: { why: 'nobody is listening' } },
    { guard: 'farewellOver', target: 'releasing', meta: { why: 'the last words were heard' } },
  ],
  on: {
    'gen.started': [
      { guard: 'wasAsked', actions: 'startGeneration', meta: { why: 'these are the last words' } },
      { actions: 'refuseGeneration', meta: { why: 'nothing new is begun at the end' } },
    ],
    'session.lost': [
      {
        guard: 'onlySessionVoiceLeft',
        target: 'releasing',
        actions: 'noteSessionLost',
        meta: { why: 'nobody is left to finish the sentence' },
      },
      {
        actions: ['noteSessionLost', 'dropSessionVoice'],
        meta: { why: 'the last words are ours' },
      },
    ],
    'leg.mediaStopped': {
      target: 'releasing',
      actions: 'noteMediaStopped',
      meta: { why: 'nobody can hear' },
    },
    fault: { target: 'releasing', meta: { why: 'a fault in the farewell' } },
  },
  after: {
    farewellMax: { target: 'releasing', meta: { why: 'a farewell has an end' } },
  },
});

const releasing = callSetup.createStateConfig({
  tags: ['hear.drop', 'speak.drop'],
  entry: ['cutForRuntime', 'hangUpLeg', 'closeSession', 'abandonTools'],
  always: { guard: 'lineGone', target: 'settling', meta: { why: 'the line is gone' } },
  on: {
    'leg.hangup': { target: 'settling', actions: 'noteHangup', meta: { why: 'the line is gone' } },
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'the call is over' } },
    'tool.call': { actions: 'noteToolSeen', meta: { why: 'the call is over' } },
    fault: { target: 'settling', meta: { why: 'a fault while hanging up' } },
  },
  after: { releasingMax: { target: 'settling', meta: { why: 'the line does not confirm' } } },
});

const settling = callSetup.createStateConfig({
  tags: ['hear.drop', 'speak.drop'],
  entry: ['closeSession', 'abandonTools', 'hangUpLeg'],
  always: { guard: 'settled', target: '#call.ended', meta: { why: 'nothing is left to wait for' } },
  on: {
    'leg.hangup': { actions: 'noteHangup', meta: { why: 'the line is gone' } },
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'the call is over' } },
    'tool.call': { actions: 'noteToolSeen', meta: { why: 'the call is over' } },
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
