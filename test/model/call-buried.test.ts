/**
 * Bugs of the call chart that were found by walking it or by reading it against its law, each buried here: a reply
 * nobody wants any more, an answer that is owed and forgotten, a wait without an end, an end that comes too soon.
 */
import { describe, expect, it } from 'vitest';
import { begin, talking, up } from './buried.ts';
import { RUNTIME_POLICY } from './rig.ts';

const RUNTIME = { ...RUNTIME_POLICY, interruptAfter: 0 };
const SPEAK = ['gen.started self', 'gen.audio reply'];

describe('a reply nobody wants any more', () => {
  it('is refused when it begins after its request was taken back', () => {
    const call = talking(RUNTIME).play('turn.committed');
    expect(call.count('session:generate')).toBe(1);
    const { lastGen, lastRequest } = call.rig.snapshot.context;
    call.play('turn.reopened');
    call.tell({ type: 'gen.started', gen: lastGen + 1, request: lastRequest });
    expect(call.rig.orders).toEqual([
      { to: 'session', order: { type: 'cancel', gen: lastGen + 1, by: 'runtime' } },
    ]);
    expect(call.rig.snapshot.context.gens).toEqual([]);
  });

  it('is not cancelled at the session if it is a line of ours', () => {
    const call = talking().play('turn.committed').wait(8_000);
    expect(call.count('leg:play')).toBe(1);
    call.play('voice.start');
    call.count('');
    call.play('gen.started withdrawn line');
    expect(call.rig.orders).toEqual([]);
    expect(call.rig.snapshot.context.withdrawnLines).toEqual([]);
  });

  it('is silenced before the tool beside it is cancelled, which runs code of the program', () => {
    const call = talking().play('gen.started self', 'tool.call', 'gen.done reply').wait(8_000);
    call.play('gen.started filler', 'gen.audio filler', 'voice.start');
    expect(call.rig.orders.map(({ to, order }) => `${to} ${order.type}`)).toEqual([
      'leg flush',
      'tool:c1 cancel',
    ]);
  });

  it('cannot be left behind unflushable by a model that says it sent no audio', () => {
    const call = talking().play(...SPEAK);
    const gen = call.rig.snapshot.context.lastGen;
    call.tell({ type: 'gen.done', gen, audioMs: 0, tools: 0, reason: 'completed' });
    call.count('');
    call.play('voice.start');
    expect(call.count('leg:flush')).toBe(1);
  });
});

describe('an answer that is owed', () => {
  it('is not given by a second "first audio" of the reply before it', () => {
    const call = talking().play(...SPEAK, 'turn.committed');
    const { lastGen: gen } = call.rig.snapshot.context;
    call.tell({ type: 'gen.audio', gen });
    expect(call.rig.snapshot.context.turn).toBe('open');
  });

  it("is not given by a line of the program's", () => {
    const call = talking().play('turn.committed', 'say.requested', 'gen.started say', 'gen.audio say');
    expect(call.rig.snapshot.context.turn).toBe('open');
  });

  it('is asked for while a tool of an earlier turn still runs', () => {
    const call = talking(RUNTIME).play('turn.committed', 'gen.started reply', 'tool.call', 'gen.done reply');
    expect(call.place).toBe('conversing.thinking.awaitingTools');
    call.play('voice.start', 'voice.stop').wait(500);
    call.count('');
    call.play('turn.committed');
    expect(call.count('session:generate')).toBe(1);
    expect(call.place).toBe('conversing.thinking.generating');
  });

  it('is asked for by us 8 s after an interruption that came to nothing, in turns of the model too', () => {
    const call = talking().play('turn.committed', 'gen.started self', 'voice.start', 'voice.stop');
    call.count('');
    call.wait(7_999);
    expect(call.count('session:generate')).toBe(0);
    call.wait(1);
    expect(call.count('session:generate')).toBe(1);
  });

  it('survives a cough over a greeting that had not begun to sound', () => {
    const call = up().play('voice.start', 'voice.stop');
    expect(call.place).toBe('conversing.listening');
    call.count('');
    call.wait(8_000);
    expect(call.count('session:generate')).toBe(1);
  });

  it('waits for the end of a noise that was in the way 8 s after the interruption', () => {
    const call = talking({ ...RUNTIME, interruptAfter: 200 })
      .play('turn.committed', 'voice.start')
      .wait(200);
    call.play('voice.stop').wait(500 + 7_900);
    call.play('voice.start').wait(150);
    call.count('');
    call.play('voice.stop').wait(8_000);
    expect(call.count('session:generate')).toBe(1);
  });

  it('is not asked for again while a sound may be the caller speaking', () => {
    const call = talking({ ...RUNTIME, interruptAfter: 200 }).play('turn.committed', 'gen.started reply');
    call.count('');
    call.play('voice.start', 'gen.done reply');
    expect(call.count('session:generate')).toBe(0);
    call.play('voice.stop');
    expect(call.count('session:generate')).toBe(1);
  });

  it('is committed from words inside a noise, when the noise ends', () => {
    const call = talking(RUNTIME).play('voice.start').wait(15_000);
    call.count('');
    call.play('voice.stop').wait(500);
    expect(call.count('session:commit')).toBe(1);
  });
});

describe('a session that is lost', () => {
  it('is told of keys pressed meanwhile by the one that follows', () => {
    const call = talking().play('session.lost', 'digits.key', 'digits.key').wait(500);
    expect(call.count('session:digits')).toBe(0);
    call.play('session.ready');
    expect(call.rig.orders.map(({ order }) => order.type)).toEqual(['digits', 'generate']);
    expect(call.rig.snapshot.context.heldDigits).toBe(0);
  });

  it('is not given the result of a tool, which the next one is asked to answer', () => {
    const call = talking().play(
      'gen.started self',
      'tool.call',
      'gen.done reply',
      'session.lost',
      'tool.done',
    );
    expect(call.count('session:toolResult')).toBe(0);
    call.play('session.ready');
    expect(call.count('session:generate')).toBe(1);
  });

  it('does not cut off a message to a mailbox for good: it is said again', () => {
    const call = talking().play('leg.verdict machine', 'leg.beep');
    expect(call.count('session:say')).toBe(1);
    call.play('gen.started message', 'gen.audio message', 'session.lost', 'session.ready');
    expect(call.count('session:say')).toBe(1);
    call.play('gen.started message', 'gen.audio message', 'gen.done message+', 'playout.drained message');
    expect(call.rig.snapshot.context.outcome.reason).toBe('voicemail');
  });

  it('takes with it a voice heard over a message, which would hold the floor of the next', () => {
    const call = talking().play('leg.verdict machine', 'leg.beep', 'voice.start');
    expect(call.rig.snapshot.matches({ live: { floor: 'sounding' } })).toBe(true);
    call.play('session.lost', 'session.ready');
    expect(call.rig.snapshot.matches({ live: { floor: 'quiet' } })).toBe(true);
  });

  it('leaves last words that were sent to be heard', () => {
    const call = talking().play(...SPEAK, 'agent.end');
    call.count('');
    call.play('session.lost');
    expect(call.place).toBe('closing.farewell.playing');
    call.play('playout.drained reply');
    expect(call.place).toBe('closing.releasing');
  });
});

describe('somebody who is with somebody else', () => {
  it('is given the usual time for media after coming back, however long that was', () => {
    const call = talking().play('transfer.requested return', 'leg.mediaStopped expected').wait(40_000);
    expect(call.place).toBe('transferring.dialling');
    call.play('target.answered', 'target.accepted', 'transfer.completed').wait(29_999);
    expect(call.place).not.toMatch(/^closing/);
    call.wait(1);
    expect(call.place).toMatch(/^closing/);
  });

  it('is spoken to on return although the greeting was still due when the transfer began', () => {
    const call = begin().play('screen.done yes', 'leg.answered', 'leg.mediaStarted', 'start.done');
    call.play('transfer.requested return', 'session.ready', 'target.answered', 'transfer.completed');
    call.play('gen.started reply', 'gen.audio reply', 'gen.done reply+', 'playout.drained reply');
    expect(call.place).toBe('conversing.listening');
  });

  it('is not cut off by a fault of ours after being handed over', () => {
    const call = talking().play('transfer.requested terminate', 'transfer.bridged', 'fault');
    expect(call.place).toBe('handedOff');
  });

  it('has ended the call when hanging up on the other party', () => {
    const call = talking().play(
      'transfer.requested terminate',
      'transfer.bridged',
      'leg.hangup',
      'leg.ended',
    );
    expect(call.rig.snapshot.output).toEqual({
      status: 'transferred',
      endedBy: 'caller',
      reason: 'transfer',
    });
  });

  it('leaves no late voice behind that talks over the return', () => {
    const call = talking().play('transfer.requested return', 'voice.start', 'target.answered');
    call.count('');
    call.play('transfer.completed');
    expect(call.place).toBe('returning');
  });
});

describe('the end', () => {
  it('waits 5 s and no longer for last words that do not begin', () => {
    const call = talking(RUNTIME).play('turn.committed', 'agent.end').wait(4_999);
    expect(call.place).toBe('closing.farewell.waiting');
    call.wait(1);
    expect(call.place).toBe('closing.releasing');
  });

  it('does not speak to a line whose media is gone', () => {
    const call = talking().play('leg.mediaStopped', 'agent.end');
    expect(call.place).toBe('closing.releasing');
  });

  it('waits for the other tools of the response that hangs up', () => {
    const call = talking().play('gen.started self', 'tool.call', 'tool.call hang_up', 'gen.done reply');
    expect(call.place).toMatch(/^closing.farewell/);
    call.play('tool.done');
    expect(call.place).toBe('closing.releasing');
  });

  it('comes at once when the final word came before the hang-up', () => {
    const call = talking().play('leg.ended', 'leg.hangup');
    expect(call.rig.snapshot.status).toBe('done');
    expect(call.rig.clock.pending).toBe(0);
  });

  it('follows an opening line with which the model has already hung up, once that was heard', () => {
    const call = begin({}, 'outbound').play('session.ready', 'gen.started greeting', 'gen.audio greeting');
    call.play('tool.call hang_up', 'gen.done greeting+');
    expect(call.place).toMatch(/^ringing/);
    call.play('leg.answered', 'leg.mediaStarted', 'start.done');
    expect(call.place).toBe('closing.farewell.playing');
    expect(call.count('leg:flush')).toBe(0);
    call.play('playout.drained greeting');
    expect(call.place).toBe('closing.releasing');
  });

  it('has no apology for a call that nobody has answered', () => {
    const call = begin().play('screen.done yes', 'fault');
    expect(call.place).toBe('closing.releasing');
    expect(call.count('leg:play')).toBe(0);
  });

  it('stops a tool that was to be cancelled as soon as the line is gone, not when all is settled', () => {
    const tools = { book: { onInterrupt: 'keep', onHangup: 'cancel' } } as const;
    const call = talking({ tools }).play('gen.started self', 'tool.call');
    call.count('');
    call.play('leg.hangup');
    expect(call.place).toBe('closing.settling');
    expect(call.count('tool:c1:cancel')).toBeGreaterThan(0);
  });

  it('stops a tool that never came back', () => {
    const call = talking().play('gen.started self', 'tool.call', 'gen.done reply').wait(600_000);
    expect(call.rig.snapshot.context.tools).toEqual([]);
    expect(Object.keys(call.rig.snapshot.children)).not.toContain('tool:c1');
  });
});

describe('the sides of a call', () => {
  it('completes an entry whose keys were pressed before it was asked for', () => {
    const call = talking().play('digits.key', 'digits.key');
    const collected: unknown[] = [];
    call.rig.actor.on('digits.collected', (event) => collected.push(event));
    call.play('digits.collect');
    expect(collected).toEqual([{ type: 'digits.collected', request: 1, reason: 'complete', n: 2 }]);
  });

  it('does not make a mailbox unbeep by a verdict that comes twice', () => {
    const call = talking({ voicemail: false }).play('leg.verdict machine', 'leg.beep');
    const before = call.rig.snapshot.value;
    call.tell({ type: 'leg.verdict', result: 'machine' });
    expect(call.rig.snapshot.value).toEqual(before);
  });
});
