/**
 * @module The call chart's whole toolbox: the base, the guards that look across regions, and the actions.
 * States refer to these by name only, so that a picture, a log and a coverage report can say what happened and why.
 */
import { and, not, or, stateIn } from 'xstate';
import { actions } from './actions.ts';
import { callBase } from './base.ts';

const present = not(or([stateIn('#transferring'), stateIn('#handedOff')]));

/** Guards that look at another region: kept to a handful of names, since they couple the regions. */
const regionGuards = {
  callerHoldsFloor: stateIn('#voiced'),
  callerTalksOver: and([stateIn('#voiced'), 'somethingAlive']),
  turnOpenUnheld: and([not(stateIn('#voiced')), 'turnOpen']),
  replyOwedInQuiet: and([or([stateIn('#quiet'), stateIn('#noisy')]), 'replyOwed']),
  supersededUnsounded: and([not(stateIn('#sounding')), 'turnSuperseded']),
  missedOnceUnsounded: and([not(stateIn('#sounding')), 'missedOnce']),
  missedTwiceUnsounded: and([not(stateIn('#sounding')), 'missedTwice']),
  missedTwiceAgainUnsounded: and([not(stateIn('#sounding')), 'missedTwiceAgain']),
  present,
  presentAndInterruptsAtOnce: and(['interruptsAtOnce', present]),
  inTalk: not(or([stateIn('#transferring'), stateIn('#handedOff'), stateIn('#leavingMessage')])),
  voicemailWantedInTalk: and([
    'voicemailWanted',
    not(or([stateIn('#transferring'), stateIn('#handedOff'), stateIn('#leavingMessage')])),
  ]),
};

export const callSetup = callBase.extend({ guards: regionGuards }).extend({ actions });

/** What `createStateConfig` of this chart accepts: the type of a file's exported state. */
export type CallState = Parameters<typeof callSetup.createStateConfig>[0];
