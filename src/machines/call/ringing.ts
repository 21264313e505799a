/**
 * @module Before the call is up: screening and opening of an inbound call, dialling and alerting of an outbound one.
 * The session and the greeting are made here already, so that nobody hears dead air after "hello".
 */
import { callSetup } from './setup.ts';

export const ringing = callSetup.createStateConfig({
  initial: 'deciding',
  tags: ['hear.drop', 'speak.hold'],
  always: {
    guard: 'greetingDue',
    actions: ['askGreeting', 'noteGreetingAsked', 'watchGreetingAge'],
    meta: { why: 'a session is ready before anybody listens' },
  },
  on: {
    'greeting.aged': { actions: 'ageGreeting', meta: { why: 'a held greeting grows stale' } },
    'leg.answered': {
      target: 'live',
      actions: ['noteAnswered'],
      meta: { why: 'the line is open both ways' },
    },
    'tool.call': [
      {
        guard: 'endsTheCall',
        actions: ['noteToolSeen', 'noteEnding'],
        meta: { why: 'the model will hang up once its opening line was heard' },
      },
      { actions: 'runTool', meta: { why: 'the model calls a tool' } },
    ],
    fault: {
      target: 'closing.releasing',
      actions: 'endedByFault',
      meta: { why: 'something of ours threw before anybody could hear' },
    },
    'agent.end': {
      target: 'closing.releasing',
      actions: 'endedByAgent',
      meta: { why: 'called off before the answer' },
    },
  },
  states: {
    deciding: {
      always: [{ guard: 'isInbound', target: 'screening' }, { target: 'outbound' }],
    },
    screening: {
      invoke: { id: 'screen', src: 'screen', input: ({ context }) => ({ call: context.id }) },
      on: {
        'screen.done': [
          {
            guard: 'accepted',
            target: 'opening',
            actions: 'takePolicy',
            meta: { why: 'the call is wanted' },
          },
          {
            target: '#call.closing.settling',
            actions: ['rejectLeg', 'endedByScreen'],
            meta: { why: 'the call is turned away' },
          },
        ],
      },
      after: {
        screeningMax: { target: 'opening', meta: { why: 'screening took too long: a caller is let in' } },
      },
    },
    opening: {
      entry: ['acceptLeg', 'openSession', 'runStart'],
      after: {
        openingMax: {
          target: '#call.closing.releasing',
          actions: 'endedByMedia',
          meta: { why: 'the line never opened' },
        },
      },
    },
    outbound: {
      initial: 'dialling',
      entry: ['openSession', 'acceptLeg'],
      after: {
        ringMax: {
          target: '#call.closing.releasing',
          actions: 'endedUnanswered',
          meta: { why: 'nobody answered, and the carrier did not say so' },
        },
      },
      on: {
        'session.failed': {
          target: '#call.closing.releasing',
          actions: ['noteSessionFailed', 'endedBySession'],
          meta: { why: 'nobody is rung up to talk to a dead session' },
        },
      },
      states: {
        dialling: { on: { 'leg.ringing': { target: 'alerting', meta: { why: 'it rings over there' } } } },
        alerting: {},
      },
    },
  },
});
