/**
 * @module Draws random courses: callers who interrupt, mumble and never stop, models that dawdle, refuse and die,
 * networks that repeat themselves, drop media and lose marks, programs that speak, transfer and hang up.
 */
import fc from 'fast-check';
import type { CallPolicy } from '../../src/machines/call/vocabulary.ts';
import { HINTS, MARK_MOODS } from './actions.ts';
import { MOODS } from './model.ts';
import { AFTERWARDS, type Course, ENDINGS } from './script.ts';

const OFTEN_ON = ['on', 'on', 'on', 'off'];
/** What talks are made of; what ends them is drawn seldom. */
const PLAIN_MOODS = MOODS.filter((mood) => !mood.startsWith('hang_up'));

/** Actions of one call: enough for three turns with all that may come between. */
const LONGEST = 32;

const word = (name: string, ...values: readonly (string | number)[]): fc.Arbitrary<string> =>
  values.length === 0 ? fc.constant(name) : fc.constantFrom(...values).map((value) => `${name} ${value}`);
const span = (name: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((value) => `${name} ${value}`);

const action: fc.Arbitrary<string> = fc.oneof(
  { weight: 300, arbitrary: span('wait', 1, 1_200) },
  { weight: 120, arbitrary: word('wait', 499, 500, 501) },
  { weight: 50, arbitrary: word('wait', 4_000, 8_000, 16_000) },
  { weight: 3, arbitrary: word('wait', 70_000, 125_000) },
  // The caller
  { weight: 100, arbitrary: word('voice', 'on', 'off') },
  { weight: 160, arbitrary: span('speak', 50, 2_500) },
  { weight: 40, arbitrary: word('press', 1, 2, '#') },
  // The model
  { weight: 160, arbitrary: word('mood', ...PLAIN_MOODS) },
  { weight: 30, arbitrary: word('mood', 'tool', 'tools', 'say-and-tool') },
  { weight: 8, arbitrary: word('mood', 'hang_up', 'hang_up-and-tool') },
  { weight: 16, arbitrary: word('always', 'answer', 'tool', 'silent', 'empty', 'refuse', 'fail') },
  { weight: 40, arbitrary: word('chars', 0, 8) },
  { weight: 36, arbitrary: fc.constant('lose') },
  { weight: 4, arbitrary: word('lose', 'for-good') },
  { weight: 20, arbitrary: word('opens', ...OFTEN_ON) },
  { weight: 20, arbitrary: word('confirms-cancel', 'on', 'off') },
  { weight: 20, arbitrary: fc.constant('volunteer') },
  { weight: 20, arbitrary: fc.constant('reopen') },
  // The network
  { weight: 30, arbitrary: word('marks', ...MARK_MOODS) },
  { weight: 12, arbitrary: word('frames', 'on', 'off') },
  { weight: 24, arbitrary: word('media', 'gone', 'back', 'blinks', 'taken') },
  { weight: 10, arbitrary: fc.constant('answer') },
  { weight: 10, arbitrary: word('confirms-hangup', 'on', 'off') },
  { weight: 12, arbitrary: word('verdict', 'human', 'machine') },
  { weight: 10, arbitrary: fc.constant('beep') },
  { weight: 4, arbitrary: word('hangup', 'caller') },
  { weight: 90, arbitrary: word('hint', ...HINTS) },
  // The program
  { weight: 40, arbitrary: fc.constant('say') },
  { weight: 20, arbitrary: span('play', 100, 3_000) },
  { weight: 12, arbitrary: span('collect', 1, 3) },
  { weight: 30, arbitrary: word('tool-time', 0, 200, 3_000, 20_000) },
  { weight: 24, arbitrary: word('transfer', 'terminate', 'return') },
  { weight: 20, arbitrary: word('record', 'start', 'pause', 'resume', 'stop') },
  { weight: 6, arbitrary: fc.constant('end') },
  { weight: 2, arbitrary: fc.constant('limit') },
  { weight: 5, arbitrary: fc.constant('fault') },
  // Late and twice
  { weight: 80, arbitrary: span('again', 0, 400) },
  { weight: 40, arbitrary: span('echo', 0, 400) },
);

/** What is set before the phone has rung once. */
const setting: fc.Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: word('screen', 'reject') },
  { weight: 2, arbitrary: word('screen', 'silent') },
  { weight: 2, arbitrary: word('answers', 'off') },
  { weight: 3, arbitrary: word('starts', 'off') },
  { weight: 3, arbitrary: word('opens', 'off') },
  { weight: 20, arbitrary: word('mood', ...MOODS) },
  { weight: 6, arbitrary: word('marks', ...MARK_MOODS) },
);

/** Most begin where the greeting is over, and the talk is under way. */
const actions = fc
  .tuple(
    fc.array(setting, { maxLength: 2 }),
    fc.constantFrom(0, 0, 1_000, 6_000, 6_000, 6_000),
    fc.noBias(fc.array(action, { minLength: 1, maxLength: LONGEST, size: 'max' })),
  )
  .map(([settings, first, rest]): readonly string[] => [...settings, `wait ${first}`, ...rest]);

const policy = (turns: CallPolicy['turns']): fc.Arbitrary<Partial<CallPolicy>> =>
  fc
    .record(
      {
        interruptAfter: fc.constantFrom(0, 200, 500),
        answerAfter: fc.constantFrom(0, 300, 700),
        greeting: fc.constantFrom<CallPolicy['greeting']>('none', 'closed'),
        voicemail: fc.constant(false),
        recording: fc.constant(true),
        transferReportsAnswer: fc.constant(false),
        longestBridge: fc.constant(40_000),
        returnAfterFailure: fc.constant(true),
        maxToolRounds: fc.constant(1),
      },
      { requiredKeys: [] },
    )
    .map((changes) => ({ turns, ...changes }));

/** Courses in which turns are taken this way, in this direction. */
export const courses = (turns: CallPolicy['turns'], direction: Course['direction']): fc.Arbitrary<Course> =>
  fc.record({
    direction: fc.constant(direction),
    marks: fc.constantFrom<Course['marks']>('echo-on-clear', 'echo-on-clear', 'drop-on-clear', 'none'),
    policy: policy(turns),
    actions,
    rest: fc.constantFrom<Course['rest']>('silence', ...AFTERWARDS),
    ends: fc.constantFrom<Course['ends']>('hangup', 'hangup', ...ENDINGS),
  });
