/**
 * @module The regions beside the dialogue: who holds the floor, the keypad, the far end, the recording, the media.
 */
import { callSetup } from './setup.ts';

const QUIET_AT_ONCE = {
  guard: 'answersAtOnce',
  target: '#quiet',
  actions: 'releaseFloor',
  meta: { why: 'the detector has waited already' },
} as const;

/**
 * Who has the floor. `voiced` is holding it. Two delays, never one: `interruptAfter` before the agent yields,
 * `answerAfter` before a reply is asked for. A voice without an end cannot hold the floor for ever.
 */
export const floor = callSetup.createStateConfig({
  initial: 'quiet',
  on: {
    'floor.reset': { target: '.quiet', meta: { why: 'what was heard belongs to another session or moment' } },
  },
  states: {
    quiet: {
      id: 'quiet',
      on: {
        // Late words of a moment before the transfer must not hold the floor when the caller comes back.
        'voice.start': [
          {
            guard: 'presentAndInterruptsAtOnce',
            target: 'sounding.voiced',
            meta: { why: 'the caller speaks: the detector has debounced already' },
          },
          { guard: 'present', target: 'sounding', meta: { why: 'the caller makes a sound' } },
        ],
      },
    },
    sounding: {
      id: 'sounding',
      initial: 'rising',
      after: {
        voiceMax: {
          target: 'noisy',
          actions: 'releaseFloor',
          meta: { why: 'a voice without an end is noise, or its stop was lost' },
        },
      },
      states: {
        rising: {
          on: { 'voice.stop': { target: '#quiet', meta: { why: 'too short to be speech' } } },
          after: { interruptAfter: { target: 'voiced', meta: { why: 'long enough to be meant' } } },
        },
        voiced: {
          id: 'voiced',
          on: {
            'voice.stop': [QUIET_AT_ONCE, { target: 'falling', meta: { why: 'the caller pauses' } }],
          },
        },
        falling: {
          id: 'falling',
          on: { 'voice.start': { target: 'voiced', meta: { why: 'the caller goes on' } } },
          after: {
            answerAfter: {
              target: '#quiet',
              actions: 'releaseFloor',
              meta: { why: 'quiet for long enough' },
            },
          },
        },
      },
    },
    noisy: {
      id: 'noisy',
      on: {
        'voice.stop': [
          QUIET_AT_ONCE,
          { target: '#falling', meta: { why: 'the noise has ended: there may be words in it' } },
        ],
      },
    },
  },
});

const collect = {
  target: 'collecting',
  actions: 'beginCollecting',
  meta: { why: 'digits were asked for' },
} as const;

/** Keys: each has one consumer. Without a collector they are a turn of the caller's, once the last is 500 ms ago. */
export const keypad = callSetup.createStateConfig({
  initial: 'idle',
  states: {
    idle: {
      on: {
        'digits.collect': collect,
        'digits.key': {
          target: 'passive',
          actions: 'countDigit',
          meta: { why: 'the caller presses keys unasked' },
        },
      },
    },
    passive: {
      on: {
        'digits.collect': collect,
        'digits.key': { target: 'passive', reenter: true, actions: 'countDigit', meta: { why: 'and more' } },
      },
      after: {
        keypadPause: { target: 'idle', actions: 'enterDigits', meta: { why: 'the entry is complete' } },
      },
    },
    collecting: {
      initial: 'first',
      always: {
        guard: 'entryFull',
        target: 'idle',
        actions: 'digitsComplete',
        meta: { why: 'the entry is complete' },
      },
      on: {
        'digits.key': [
          {
            guard: 'endsEntry',
            target: 'idle',
            actions: 'digitsComplete',
            meta: { why: 'the caller ended the entry' },
          },
          { target: '.next', reenter: true, actions: 'countDigit', meta: { why: 'one more digit' } },
        ],
      },
      states: {
        first: {
          after: {
            collectFirst: {
              target: '#keypad.idle',
              actions: 'digitsTimedOut',
              meta: { why: 'no digit came' },
            },
          },
        },
        next: {
          after: {
            collectNext: { target: '#keypad.idle', actions: 'digitsTimedOut', meta: { why: 'no more came' } },
          },
        },
      },
    },
  },
});

const machine = { guard: 'machineVerdict', target: 'machine', meta: { why: 'a machine answered' } } as const;
const human = { guard: 'humanVerdict', target: 'human', meta: { why: 'a person answered' } } as const;

/** What answered over there. */
export const farEnd = callSetup.createStateConfig({
  initial: 'unknown',
  states: {
    unknown: { on: { 'leg.verdict': [machine, human] } },
    human: { on: { 'leg.verdict': machine } },
    machine: {
      initial: 'greeting',
      on: { 'leg.verdict': human },
      states: {
        greeting: { on: { 'leg.beep': { target: 'beeped', meta: { why: 'the mailbox listens' } } } },
        beeped: {},
      },
    },
  },
});

export const recording = callSetup.createStateConfig({
  initial: 'deciding',
  states: {
    deciding: { always: [{ guard: 'isRecording', target: 'on' }, { target: 'off' }] },
    off: { on: { 'record.start': { target: 'on', meta: { why: 'recording was asked for' } } } },
    on: {
      on: {
        'record.pause': { target: 'paused', meta: { why: 'what follows is not for the record' } },
        'record.stop': { target: 'off', meta: { why: 'recording was ended' } },
      },
    },
    paused: {
      on: {
        'record.resume': { target: 'on', meta: { why: 'recording goes on' } },
        'record.stop': { target: 'off', meta: { why: 'recording was ended' } },
      },
    },
  },
});

/** Whether audio moves. Away, its standing still is expected and ends nothing. */
export const media = callSetup.createStateConfig({
  initial: 'waiting',
  on: {
    'leg.mediaStarted': { target: '.flowing', actions: 'noteMediaStarted', meta: { why: 'media is open' } },
  },
  states: {
    waiting: {
      always: { guard: 'mediaOpen', target: 'flowing', meta: { why: 'media opened while it rang' } },
      after: {
        mediaWaitingMax: [
          {
            guard: 'present',
            target: '#call.closing.releasing',
            actions: 'endedByMedia',
            meta: { why: 'media never came' },
          },
          { target: 'waiting', reenter: true, meta: { why: 'the caller is elsewhere' } },
        ],
      },
      on: { 'away.ended': { target: 'waiting', reenter: true, meta: { why: 'from now on it counts' } } },
    },
    flowing: {
      on: {
        'leg.mediaStopped': { target: 'waiting', actions: 'noteMediaStopped', meta: { why: 'media closed' } },
        'media.stalled': { target: 'stalled', meta: { why: 'no frame for two seconds' } },
      },
    },
    stalled: {
      on: {
        'leg.mediaStopped': { target: 'waiting', actions: 'noteMediaStopped', meta: { why: 'media closed' } },
        'media.flowing': { target: 'flowing', meta: { why: 'frames again' } },
        'away.ended': { target: 'stalled', reenter: true, meta: { why: 'from now on it counts' } },
      },
      after: {
        mediaStalledMax: [
          {
            guard: 'present',
            target: '#call.closing.releasing',
            actions: 'endedByMedia',
            meta: { why: 'the line is dead' },
          },
          { target: 'stalled', reenter: true, meta: { why: 'the caller is elsewhere' } },
        ],
      },
    },
  },
});
