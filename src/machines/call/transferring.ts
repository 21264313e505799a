/**
 * @module The caller is with somebody else: a transfer under way, a caller handed over for good, and coming back.
 * While away nothing is heard and nothing is said, and media stopping is expected.
 */
import { callSetup } from './setup.ts';

export const transferring = callSetup.createStateConfig({
  id: 'transferring',
  initial: 'dialling',
  tags: ['hear.drop', 'speak.drop', 'away'],
  entry: ['resetFloor', 'suspendPlayout', 'pauseLimit', 'orderTransfer'],
  exit: ['resumePlayout', 'resumeLimit'],
  on: {
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'nobody is there to hear it' } },
    'leg.mediaStopped': [
      {
        guard: 'mediaTakenAway',
        target: 'handedOff',
        actions: 'noteMediaStopped',
        meta: { why: 'the carrier took the caller over' },
      },
      { actions: 'noteMediaStopped', meta: { why: 'media may come and go while away' } },
    ],
    'transfer.bridged': [
      { guard: 'handsOff', target: 'handedOff', meta: { why: 'caller and target talk' } },
      { target: '.bridged', meta: { why: 'caller and target talk' } },
    ],
    'transfer.completed': [
      { guard: 'comesBack', target: 'returning', meta: { why: 'the target is done with the caller' } },
      {
        target: '#call.closing.releasing',
        actions: 'endedByTransfer',
        meta: { why: 'the transfer is over' },
      },
    ],
    'transfer.failed': [
      { guard: 'takesBackAfterFailure', target: 'returning', meta: { why: 'nobody took the caller' } },
      {
        target: '#call.closing.farewell',
        actions: ['playTransferFailed', 'endedByTransferFailure'],
        meta: { why: 'nobody took the caller, and the carrier gives no way back' },
      },
    ],
  },
  states: {
    dialling: {
      after: { transferMax: { target: '#returning', meta: { why: 'the target does not answer' } } },
      on: { 'target.answered': { target: 'consulting', meta: { why: 'the target picked up' } } },
    },
    consulting: {
      after: { consultingMax: { target: '#returning', meta: { why: 'the target cannot decide' } } },
      on: { 'target.accepted': { target: 'bridged', meta: { why: 'the target takes the caller' } } },
    },
    bridged: {
      after: { longestBridge: { target: '#returning', meta: { why: 'no carrier bridges for longer' } } },
    },
  },
});

export const handedOff = callSetup.createStateConfig({
  id: 'handedOff',
  tags: ['hear.drop', 'speak.drop', 'away'],
  entry: ['closeSession', 'pauseLimit'],
  on: {
    'gen.started': { actions: 'refuseGeneration', meta: { why: 'nobody is there to hear it' } },
    'transfer.completed': {
      target: '#call.closing.settling',
      actions: 'endedByTransfer',
      meta: { why: 'the transfer is over' },
    },
    'transfer.failed': {
      target: '#call.closing.settling',
      actions: 'endedByTransferFailure',
      meta: { why: 'the transfer broke after the caller was handed over' },
    },
    'leg.hangup': {
      target: '#call.closing.settling',
      actions: ['endedByTransfer', 'noteHangup'],
      meta: { why: 'the caller hung up on the other party' },
    },
  },
  after: {
    longestBridge: {
      target: '#call.closing.settling',
      actions: 'endedByTransfer',
      meta: { why: 'no carrier bridges for longer' },
    },
  },
});

export const returning = callSetup.createStateConfig({
  id: 'returning',
  tags: ['hear.live', 'speak.live'],
  entry: ['forgetTransfer', 'askReturn'],
  on: {
    'session.lost': {
      target: 'reconnecting',
      actions: ['noteSessionLost', 'noteOwed', 'cutForRuntime'],
      meta: { why: 'the session was lost over the return' },
    },
  },
  always: [
    {
      guard: 'sessionAbsent',
      target: 'reconnecting',
      actions: ['noteOwed', 'cutForRuntime'],
      meta: { why: 'the session was lost meanwhile' },
    },
    {
      guard: 'callerHoldsFloor',
      target: 'conversing',
      actions: 'cutForCaller',
      meta: { why: 'the caller speaks first' },
    },
    {
      guard: 'greetingMissed',
      target: '#thinking.generating',
      meta: { why: 'the model has nothing to say: try again' },
    },
    { guard: 'greetingOver', target: 'conversing', meta: { why: 'the agent is back' } },
  ],
  after: {
    thinkMax: {
      guard: 'noSpokenAudio',
      target: 'conversing',
      actions: 'cutForRuntime',
      meta: { why: 'the agent finds no words' },
    },
    generatingMax: {
      target: 'conversing',
      actions: 'cutForRuntime',
      meta: { why: 'nobody talks for this long' },
    },
  },
});

export const leavingMessage = callSetup.createStateConfig({
  id: 'leavingMessage',
  initial: 'waitingForBeep',
  tags: ['hear.drop', 'speak.live'],
  entry: 'resetFloor',
  after: {
    messageMax: {
      target: '#call.closing.releasing',
      actions: 'endedByVoicemail',
      meta: { why: 'no mailbox takes a longer message' },
    },
  },
  states: {
    waitingForBeep: {
      on: { 'leg.beep': { target: 'leaving', meta: { why: 'the mailbox listens' } } },
      after: { beepMax: { target: 'leaving', meta: { why: 'no beep was reported' } } },
    },
    leaving: {
      entry: 'askMessage',
      always: {
        guard: 'messageOver',
        target: '#call.closing.releasing',
        actions: 'endedByVoicemail',
        meta: { why: 'the message was left' },
      },
    },
  },
});
