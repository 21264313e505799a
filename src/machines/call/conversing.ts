/**
 * @module The conversation itself: listening, thinking, speaking. Barge-in is decided here and nowhere else: every
 * state in which the agent may be heard yields, by level and not by edge, while the caller holds the floor.
 */
import { callSetup } from './setup.ts';

const listening = callSetup.createStateConfig({
  always: [
    {
      guard: 'callerTalksOver',
      target: 'listening',
      reenter: true,
      actions: ['supersedeTurn', 'cutForCaller'],
      meta: { why: 'the caller has the floor' },
    },
    { guard: 'spokenAudio', target: 'speaking', meta: { why: 'the agent is heard' } },
    { guard: 'replyUnderWay', target: 'thinking', meta: { why: 'a reply is on its way' } },
    { guard: 'turnOpenUnheld', target: 'thinking', meta: { why: 'the caller said something' } },
    {
      guard: 'replyOwedInQuiet',
      target: 'thinking',
      actions: 'askReply',
      meta: { why: 'something is still to be answered' },
    },
  ],
  on: {
    'floor.released': {
      guard: 'runtimeTurns',
      target: 'listening',
      reenter: true,
      actions: 'commitTurn',
      meta: { why: 'the caller has been quiet for long enough' },
    },
  },
  after: {
    // From the interruption on, not from the end of the last sound: noise now and then would put it off for ever.
    filler: [
      {
        guard: 'supersededUnsounded',
        actions: 'oweTurn',
        meta: { why: 'the interruption came to nothing: what it interrupted still wants an answer' },
      },
      {
        guard: 'turnSuperseded',
        target: 'listening',
        reenter: true,
        meta: { why: 'somebody is heard: it is looked at again' },
      },
    ],
  },
});

const generating = callSetup.createStateConfig({
  always: [
    {
      guard: 'callerHoldsFloor',
      target: '#listening',
      actions: ['supersedeTurn', 'cutForCaller'],
      meta: { why: 'the caller goes on: a reply to half a sentence is no reply' },
    },
    { guard: 'spokenAudio', target: '#speaking', meta: { why: 'first audio' } },
    { guard: 'toolsPendingAndIdle', target: 'awaitingTools', meta: { why: 'the reply needs a tool first' } },
    {
      guard: 'missedOnceUnsounded',
      actions: ['countMiss', 'askReply'],
      meta: { why: 'the model answered with nothing: once more' },
    },
    {
      guard: 'missedTwiceAgainUnsounded',
      target: '#call.closing.farewell',
      actions: ['apologise', 'endedBySilence'],
      meta: { why: 'the second failure in a row' },
    },
    {
      guard: 'missedTwiceUnsounded',
      actions: 'apologise',
      meta: { why: 'the model answers with nothing' },
    },
    { guard: 'turnUnasked', actions: 'askReply', meta: { why: 'the turn is ours to answer' } },
    { guard: 'nothingLeftToThinkAbout', target: '#listening', meta: { why: 'nothing is to be said' } },
  ],
  on: {
    'turn.reopened': {
      target: '#listening',
      actions: ['supersedeTurn', 'cutForRuntime'],
      meta: { why: 'the caller added to the turn before anything was said' },
    },
  },
  after: {
    filler: { actions: 'playFiller', meta: { why: 'eight seconds of silence need a word' } },
    thinkMax: [
      {
        guard: 'apologisedBefore',
        target: '#call.closing.farewell',
        actions: ['cutForRuntime', 'discardTurn', 'apologise', 'endedBySilence'],
        meta: { why: 'the second time the model does not answer' },
      },
      {
        target: 'generating',
        reenter: true,
        actions: ['cutForRuntime', 'discardTurn', 'apologise'],
        meta: { why: 'the model does not answer' },
      },
    ],
  },
});

const awaitingTools = callSetup.createStateConfig({
  always: [
    { guard: 'spokenAudio', target: '#speaking', meta: { why: 'something is said while the tool runs' } },
    {
      guard: 'callerHoldsFloor',
      target: '#listening',
      actions: ['supersedeTurn', 'cutForCaller', 'cancelTools'],
      meta: { why: 'the caller goes on talking' },
    },
    {
      guard: 'turnOpen',
      target: 'generating',
      meta: { why: 'the caller asks for something else meanwhile' },
    },
    {
      guard: 'tooManyToolRounds',
      target: 'generating',
      actions: 'apologise',
      meta: { why: 'the model runs in circles' },
    },
    { guard: 'resultsGiven', target: 'generating', actions: 'askReply', meta: { why: 'all results are in' } },
  ],
  after: {
    filler: { actions: 'playFiller', meta: { why: 'eight seconds of silence need a word' } },
    // Every tool has its own deadline; this is the ceiling should one be lost.
    generatingMax: { target: '#listening', actions: 'forgetTools', meta: { why: 'a tool never came back' } },
  },
});

const speaking = callSetup.createStateConfig({
  id: 'speaking',
  initial: 'generating',
  always: [
    {
      guard: 'callerHoldsFloor',
      target: '#listening',
      actions: ['supersedeTurn', 'cutForCaller', 'cancelTools'],
      meta: { why: 'barge-in: the caller has the floor' },
    },
    {
      guard: 'nothingSpokenToolsPending',
      target: '#thinking.awaitingTools',
      meta: { why: 'said; now the tool' },
    },
    { guard: 'nothingSpoken', target: '#listening', meta: { why: 'all was heard' } },
    {
      guard: 'noSpokenAudio',
      target: '#thinking.generating',
      meta: { why: 'the next reply has no sound yet' },
    },
  ],
  states: {
    generating: {
      always: { guard: 'allGenerated', target: 'draining', meta: { why: 'everything has been sent' } },
      after: {
        generatingMax: { actions: 'stopGenerating', meta: { why: 'nobody talks for this long' } },
      },
    },
    draining: {
      always: { guard: 'stillGenerating', target: 'generating', meta: { why: 'another reply has begun' } },
      after: {
        drainingMax: {
          target: '#listening',
          actions: 'cutForRuntime',
          meta: { why: 'the carrier never played it out' },
        },
      },
    },
  },
});

export const conversing = callSetup.createStateConfig({
  initial: 'listening',
  tags: ['hear.live', 'speak.live'],
  on: {
    'session.lost': {
      target: 'reconnecting',
      actions: ['noteSessionLost', 'cutForRuntime'],
      meta: { why: 'the session was lost' },
    },
    'floor.released': {
      guard: 'runtimeTurns',
      actions: 'commitTurn',
      meta: { why: 'the caller has been quiet for long enough' },
    },
    'say.requested': { actions: 'askSaying', meta: { why: 'the program wants something said' } },
  },
  states: {
    listening: { id: 'listening', ...listening },
    thinking: { id: 'thinking', initial: 'generating', states: { generating, awaitingTools } },
    speaking,
  },
});

export const reconnecting = callSetup.createStateConfig({
  tags: ['hear.buffer', 'speak.drop'],
  entry: 'resetFloor',
  always: [
    {
      guard: 'sessionFailed',
      target: '#call.closing.farewell',
      actions: ['apologise', 'endedBySession'],
      meta: { why: 'the session will not come back' },
    },
    { guard: 'greetingDue', target: 'greeting', meta: { why: 'hardly any of the greeting was heard' } },
    {
      guard: 'backWithSomethingOwed',
      target: '#thinking.generating',
      actions: 'askReply',
      meta: { why: 'a reply is owed' },
    },
    {
      guard: 'backWithToolsRunning',
      target: '#thinking.awaitingTools',
      meta: { why: 'the session is back, and a tool is still at work' },
    },
    { guard: 'sessionReady', target: 'conversing', meta: { why: 'the session is back' } },
  ],
  after: {
    oneMoment: { actions: 'playOneMoment', meta: { why: 'four seconds of silence need a word' } },
    sessionMax: {
      target: '#call.closing.farewell',
      actions: ['cutForRuntime', 'apologise', 'endedBySession'],
      meta: { why: 'the session does not come back' },
    },
  },
});
