/**
 * @module The first seconds of a live call: `prewarm` waits for session and listeners with the caller's words kept,
 * `greeting` is the agent's opening line.
 */
import { callSetup } from './setup.ts';

export const prewarm = callSetup.createStateConfig({
  tags: ['hear.buffer', 'speak.hold'],
  entry: 'runStart',
  always: [
    {
      guard: 'sessionFailed',
      target: '#call.closing.farewell',
      actions: ['apologise', 'endedBySession'],
      meta: { why: 'there is nobody to talk to: say so' },
    },
    {
      guard: 'greetingAged',
      actions: ['cutForRuntime', 'remakeGreeting'],
      meta: { why: 'the held greeting is too old' },
    },
    {
      guard: 'greetingDue',
      actions: ['askGreeting', 'noteGreetingAsked'],
      meta: { why: 'no greeting is on its way' },
    },
    { guard: 'readyToGreet', target: 'greeting', meta: { why: 'everything is ready' } },
    {
      guard: 'readyToListen',
      target: 'conversing',
      meta: { why: 'all is ready, and the caller speaks first' },
    },
  ],
  after: {
    oneMoment: { actions: 'playOneMoment', meta: { why: 'four seconds of silence need a word' } },
    sessionMax: {
      target: '#call.closing.farewell',
      actions: ['cutForRuntime', 'apologise', 'endedBySession'],
      meta: { why: 'the session does not come' },
    },
  },
});

export const greeting = callSetup.createStateConfig({
  initial: 'choosing',
  always: [
    {
      guard: 'endingNoted',
      target: '#call.closing.farewell',
      actions: 'endedByAgent',
      meta: { why: 'its opening line was also its last' },
    },
    {
      guard: 'greetingDue',
      actions: ['askGreeting', 'noteGreetingAsked'],
      meta: { why: 'the greeting has to be said again' },
    },
    {
      guard: 'greetingMissed',
      target: '#thinking.generating',
      meta: { why: 'the greeting came to nothing' },
    },
    { guard: 'greetingOver', target: 'conversing', meta: { why: 'the greeting was heard' } },
  ],
  on: {
    'session.lost': {
      target: 'reconnecting',
      actions: ['noteSessionLost', 'cutForRuntime'],
      meta: { why: 'the session was lost over the greeting' },
    },
    'say.requested': { actions: 'askSaying', meta: { why: 'the program wants something said' } },
  },
  after: {
    filler: { guard: 'noSpokenAudio', actions: 'playFiller', meta: { why: 'the greeting is late' } },
    thinkMax: {
      guard: 'noSpokenAudio',
      target: '#thinking.generating',
      actions: ['cutForRuntime', 'apologise'],
      meta: { why: 'the greeting does not come' },
    },
    generatingMax: [
      {
        // Here already, not by the state that follows: the silence would wait for the cancelling.
        guard: 'callerTalksOver',
        target: 'conversing',
        actions: ['supersedeTurn', 'cutForCaller'],
        meta: { why: 'no greeting is this long, and the caller has the floor' },
      },
      {
        target: 'conversing',
        actions: 'stopGenerating',
        meta: { why: 'no greeting is this long' },
      },
    ],
  },
  states: {
    choosing: {
      always: [{ guard: 'greetsOpenly', target: 'open' }, { target: 'closed' }],
    },
    open: {
      tags: ['hear.live', 'speak.live'],
      always: {
        guard: 'callerTalksOver',
        target: '#call.live.dialogue.conversing',
        actions: ['dropGreeting', 'supersedeTurn', 'cutForCaller'],
        meta: { why: 'the caller speaks over the greeting' },
      },
    },
    closed: { tags: ['hear.buffer', 'speak.live'] },
  },
});
