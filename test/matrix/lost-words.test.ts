/**
 * Bugs of the call chart that the matrix has found, buried: words that a lost connection took with it are owed an
 * answer, and a tool that is still at work is waited for as such.
 */
import { expect, it } from 'vitest';
import { talking } from '../model/buried.ts';
import { RUNTIME_POLICY } from '../model/rig.ts';

const lost = (call: ReturnType<typeof talking>, deaf = false) =>
  call.tell({
    type: 'session.lost',
    connection: call.rig.snapshot.context.connection,
    code: 'TEST',
    ...(deaf ? { deaf: true } : {}),
  });

it('a connection that was dead for seconds before it was known to be: the next one speaks first', () => {
  const call = lost(talking(), true);
  expect(call.place).toBe('reconnecting');
  call.count('session:generate');
  call.play('session.ready');
  expect(call.count('session:generate')).toBe(1);
  expect(call.place).toBe('conversing.thinking.generating');
});

it('one that was lost while all was quiet: the next one listens', () => {
  const call = lost(talking());
  call.play('session.ready');
  expect(call.count('session:generate')).toBe(0);
  expect(call.place).toBe('conversing.listening');
});

it.each([
  ['speaks', ['voice.start']],
  ['has just stopped', ['voice.start', 'voice.stop']],
])('one that was lost while the caller %s: what was said is answered, or asked for again', (_when, voice) => {
  const call = talking({ ...RUNTIME_POLICY, interruptAfter: 0 }).play(...voice);
  lost(call).play('session.ready');
  expect(call.count('session:generate')).toBe(1);
});

it('one that was lost over a running tool: the tool is still waited for, and 8 s later with a word', () => {
  const call = talking().play('turn.committed', 'gen.started self', 'tool.call', 'gen.done reply');
  lost(call).play('session.ready');
  expect(call.place).toBe('conversing.thinking.awaitingTools');
  call.count('leg:play');
  call.wait(8_000);
  expect(call.count('leg:play')).toBe(1);
  call.play('tool.done');
  expect(call.count('session:generate')).toBe(1);
});
