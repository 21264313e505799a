/**
 * @module How a real call over sockets gets into each state: who says what, and what the program or the network does
 * on the way there. States that cannot be reached are named with the reason.
 */
import {
  bargeIn,
  type CallerScript,
  goSilent,
  hangUp,
  muteFrames,
  press,
  say,
  wait,
  waitForAgent,
} from '../../src/exchange/index.ts';
import { defineTool } from '../../src/index.ts';
import { type ScriptStep, scriptOf } from '../../src/testing/openai/index.ts';
import { voice } from '../../src/testing/voices.ts';
import { NUMBER, type WorldOptions } from '../world.ts';
import type { Stage } from './stage.ts';
import { ANSWER, asks, GOODBYE, GREETING, LECTURE } from './talk.ts';

/** Something done once on the way, when the call is in a state. */
export interface Cue {
  readonly when: string;
  readonly run: (stage: Stage) => void;
}

/** How a call ends without any fault: answered and hung up by the caller unless it says otherwise. */
export type SceneEnd = 'talked' | 'goodbye' | 'apology' | 'over';

export interface Scene {
  readonly end?: SceneEnd;
  /** What the model says, after the greeting. Default: the answer, to everything. */
  readonly model?: readonly ScriptStep[];
  readonly world?: (stage: () => Stage) => Omit<WorldOptions, 'script'>;
  /** The caller's part, until the state is reached; questions follow. */
  readonly caller?: CallerScript;
  readonly outbound?: true;
  /** Before the call. */
  readonly before?: (stage: Stage) => void;
  readonly cues?: readonly Cue[];
}

const TALK: CallerScript = [waitForAgent()];
const LISTENING = 'call live.dialogue.conversing.listening';

const screened: Scene = {
  caller: TALK,
  world: (stage) => ({
    agent: {
      screen: () =>
        stage()
          .sleep(1_000)
          .then(() => true),
    },
  }),
};

const asking: Scene = { caller: [waitForAgent(), asks(), wait(6_000)] };
const lectured: Scene = {
  model: [{ hear: 'Tell me.', say: LECTURE }],
  caller: [waitForAgent(), asks(), wait(4_000)],
};
const runtimeTurns: Scene = {
  ...asking,
  world: () => ({ realtime: () => ({ turns: { by: 'runtime', answerAfter: 400, interruptAfter: 200 } }) }),
};

/** The runtime cancels what it interrupts, and waits for the model to say so. */
const interrupted: Scene = {
  ...runtimeTurns,
  model: [{ hear: 'Tell me.', say: LECTURE }],
  caller: [
    waitForAgent(),
    asks(),
    bargeIn({ name: 'over', audio: voice('en/caller-03').audio }),
    wait(4_000),
  ],
};

/** A sound without a pause, longer than anybody speaks: the floor takes it for noise. */
const noise = (): CallerScript => {
  const clip = voice('en/caller-01').audio;
  const voiced = clip.filter((byte) => (byte | 0x80) < 0xe0);
  const copies = Math.ceil(130_000 / voiced.length);
  return [waitForAgent(), say({ name: 'noise', audio: Buffer.concat(Array(copies).fill(voiced)) })];
};

const work = (stage: () => Stage, ms: number) =>
  defineTool({
    name: 'work',
    description: 'Does the work, in its own time.',
    parameters: { type: 'object', properties: {} },
    execute: () =>
      stage()
        .sleep(ms)
        .then(() => ({ done: true })),
  });

const loses = (when: string): Cue => ({ when, run: (stage) => stage.wires.find('model')?.kill() });

/** The control link breaks in mid-call; the call itself does not depend on it. */
const unlinked: Scene = {
  caller: [waitForAgent(), wait(500)],
  cues: [{ when: LISTENING, run: (stage) => stage.wires.find('control')?.kill() }],
};

/** The new link's handshake takes its time on the way. */
const relinked: Scene = {
  ...unlinked,
  cues: [
    ...unlinked.cues!,
    {
      when: 'link backingOff',
      run: ({ wires }) => {
        wires.onOpen = (wire) => {
          wires.onOpen = undefined;
          wire.slow(200);
        };
      },
    },
  ],
};

/** Nothing happens to a call that listens: what is looked for comes after. */
const AFTERWARDS: readonly Cue[] = [{ when: LISTENING, run: () => {} }];

/** Typed loosely: the option is left out, where the world would set it. */
const UNRECORDED: object = { recording: undefined };

const outbound: Scene = { outbound: true, caller: TALK };

/** By name of the state; what is not here is reached by an ordinary call. */
const SCENES: Readonly<Record<string, Scene>> = {
  'call ringing.screening': screened,
  'call ringing.outbound.dialling': outbound,
  'call ringing.outbound.alerting': outbound,
  'call live.dialogue.prewarm': {
    caller: TALK,
    before: (stage) => void stage.world.agent.on('call_start', () => stage.sleep(1_000)),
  },
  'call live.dialogue.greeting.closed': {
    caller: TALK,
    world: () => ({ realtime: () => ({ greeting: { text: GREETING.text, interruptible: false } }) }),
  },
  'call live.dialogue.conversing.thinking.generating': asking,
  'call live.dialogue.conversing.thinking.awaitingTools': {
    ...asking,
    model: [{ calls: ['work'], afterTools: ANSWER }],
    world: (stage) => ({ agent: { tools: [work(stage, 3_000)] } }),
  },
  'call live.dialogue.conversing.speaking.generating': lectured,
  'call live.dialogue.conversing.speaking.draining': asking,
  'call live.dialogue.reconnecting': { caller: [waitForAgent(), wait(1_000)], cues: [loses(LISTENING)] },
  'call live.floor.sounding.rising': runtimeTurns,
  'call live.floor.sounding.voiced': asking,
  'call live.floor.sounding.falling': runtimeTurns,
  'call live.floor.noisy': { caller: noise() },
  'call live.keypad.passive': { caller: [waitForAgent(), wait(300), press('12'), wait(4_000)] },
  'call live.keypad.collecting.first': collecting([waitForAgent(), wait(4_000)]),
  'call live.keypad.collecting.next': collecting([waitForAgent(), wait(1_000), press('12'), wait(3_000)]),
  'call live.recording.off': { caller: TALK, world: () => ({ agent: UNRECORDED }) },
  'call live.media.waiting': outbound,
  'call live.media.stalled': { caller: [waitForAgent(), muteFrames(200)] },
  'call closing.farewell.waiting': {
    end: 'goodbye',
    caller: [waitForAgent(), goSilent()],
    model: [{ onInstructions: GOODBYE }],
    cues: [
      {
        when: LISTENING,
        run(stage) {
          void stage.handle.say('Goodbye.').catch(() => undefined);
          void stage.handle.hangup();
        },
      },
    ],
  },
  'call closing.farewell.playing': leaving(),
  'call closing.releasing': leaving(),
  'call closing.settling': leaving(),
  'call ended': { end: 'over', caller: [waitForAgent(), hangUp()] },
  'session upkeep.idle': screened,
  'session upkeep.lost': { caller: [waitForAgent(), wait(1_000)], cues: [loses(LISTENING)] },
  'session upkeep.failed': {
    end: 'apology',
    caller: [waitForAgent(), goSilent()],
    world: () => ({
      standIn: { refuse: ({ connection }) => (connection > 1 ? { status: 401 } : undefined) },
    }),
    cues: [loses(LISTENING)],
  },
  'session upkeep.closed': leaving(),
  'session upkeep.connected.ready': { caller: TALK, cues: AFTERWARDS },
  'session response.none': { caller: TALK, cues: AFTERWARDS },
  'session response.requested': { ...runtimeTurns, cues: AFTERWARDS },
  'session response.active': { ...asking, cues: AFTERWARDS },
  'session response.cancelling': interrupted,
  'link connecting': relinked,
  'link open': { caller: TALK, cues: AFTERWARDS },
  'link backingOff': unlinked,
  'link retired': {
    caller: [waitForAgent(), wait(500)],
    cues: [
      {
        when: LISTENING,
        run: ({ world }) => world.exchange.faults.sendControl(NUMBER, { event: 'agent.retired' }),
      },
    ],
  },
  'link refused': {
    caller: [waitForAgent(), wait(500)],
    cues: [{ when: LISTENING, run: ({ world }) => world.exchange.faults.closeControl(NUMBER, 4409) }],
  },
};

const ORDINARY: Scene = { caller: TALK };

function collecting(caller: CallerScript): Scene {
  return {
    caller,
    cues: [
      {
        when: LISTENING,
        run: (stage) => void stage.handle.collectDigits({ max: 4 }).catch(() => undefined),
      },
    ],
  };
}

/** The model says goodbye and hangs up. */
function leaving(): Scene {
  return {
    end: 'goodbye',
    caller: [waitForAgent(), asks(), goSilent()],
    model: [{ say: GOODBYE, calls: ['hang_up'] }],
  };
}

export const sceneOf = (state: string): Scene => SCENES[state] ?? ORDINARY;

export const modelOf = ({ model = [] }: Scene) =>
  scriptOf({ greeting: GREETING }, ...model, { otherwise: { hear: 'What is the word?', say: ANSWER } });

const NO_TRANSFER = 'nothing a program or a model can ask for starts a transfer yet';
const NO_VERDICT = 'no network here reports what answered';

/** States without a cell, each with its reason. A state that is passed through in one step is found to be so. */
export const UNREACHED: Readonly<Record<string, string>> = {
  'call live.dialogue.transferring.dialling': NO_TRANSFER,
  'call live.dialogue.transferring.consulting': NO_TRANSFER,
  'call live.dialogue.transferring.bridged': NO_TRANSFER,
  'call live.dialogue.returning': NO_TRANSFER,
  'call live.dialogue.handedOff': NO_TRANSFER,
  'call live.dialogue.leavingMessage.waitingForBeep': NO_VERDICT,
  'call live.dialogue.leavingMessage.leaving.connecting': NO_VERDICT,
  'call live.dialogue.leavingMessage.leaving.speaking': NO_VERDICT,
  'call live.farEnd.human': NO_VERDICT,
  'call live.farEnd.machine.greeting': NO_VERDICT,
  'call live.farEnd.machine.beeped': NO_VERDICT,
  'call live.recording.paused': 'no verb pauses a recording yet',
  'link idle': 'before `connect`: there is no call',
  'link closed': 'after `close`, which waits for the last call',
};

/** Left in the step that enters them: a fault finds the state behind. */
export const PASSED_THROUGH = [
  'call ringing.deciding',
  'call live.dialogue.greeting.choosing',
  'call live.recording.deciding',
] as const;
