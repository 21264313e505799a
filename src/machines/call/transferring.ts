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
      on: {
        'target.answered': { target: 'consulting', meta: { why: 'the target picked up' } },
        'target.accepted': {
          target: 'bridged',
          meta: { why: 'the target takes the caller; that it picked up was not reported' },
        },
      },
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
      actions: ['noteHangup', 'endedByTransfer'],
      meta: { why: 'the caller hung up on the other party' },
    },
    'session.ready': { meta: { why: 'it came too late: the session was closed' } },
    fault: { meta: { why: 'two people are talking: no fault of ours may end that' } },
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
  entry: ['forgetTransfer', 'discardTurn', 'askReply', 'tellBack'],
  on: {
    'session.lost': {
      target: 'reconnecting',
      actions: ['noteSessionLost', 'noteOwed', 'cutForRuntime'],
      meta: { why: 'the session was lost over the return' },
    },
    'say.requested': { actions: 'askSaying', meta: { why: 'the program wants something said' } },
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
      actions: ['supersedeTurn', 'cutForCaller'],
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
    filler: { guard: 'noSpokenAudio', actions: 'playFiller', meta: { why: 'the return line is late' } },
    thinkMax: {
      guard: 'noSpokenAudio',
      target: '#thinking.generating',
      actions: ['cutForRuntime', 'countMiss'],
      meta: { why: 'the return line does not come: try again' },
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
  on: {
    'gen.started': [
      { guard: 'wasAsked', actions: 'startGeneration', meta: { why: 'the message begins' } },
      { actions: 'refuseGeneration', meta: { why: 'a mailbox is no partner for a talk' } },
    ],
  },
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
      initial: 'connecting',
      states: {
        connecting: {
          always: [
            {
              guard: 'sessionFailed',
              target: '#call.closing.releasing',
              actions: 'endedBySession',
              meta: { why: 'nobody is left to speak the message' },
            },
            { guard: 'sessionReady', target: 'speaking', meta: { why: 'the message can be spoken' } },
          ],
          after: {
            sessionMax: {
              target: '#call.closing.releasing',
              actions: 'endedBySession',
              meta: { why: 'the session does not come' },
            },
          },
        },
        speaking: {
          entry: 'askMessage',
          on: {
            'session.lost': {
              target: 'connecting',
              actions: ['noteSessionLost', 'cutForRuntime', 'resetFloor'],
              meta: { why: 'the message broke off: it is said again' },
            },
          },
          always: {
            guard: 'messageOver',
            target: '#call.closing.releasing',
            actions: 'endedByVoicemail',
            meta: { why: 'the message was left' },
          },
        },
      },
    },
  },
});
