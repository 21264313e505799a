/**
 * What a network cannot do is refused with a code before anything is sent to it, and what a leg itself refuses reaches
 * whoever asked: nothing that was asked of a call is silently not done.
 */
import { describe, expect, it } from 'vitest';
import { createAgent } from '../../src/index.ts';
import { createVerbs } from '../../src/runtime/assemble/verbs.ts';
import { silentLogger } from '../../src/runtime/logger.ts';
import type { LegCapabilities, Transport } from '../../src/transport/contract.ts';
import { CAN, createFakeCall } from './assemble-parts.ts';

function openVerbs(can: Partial<LegCapabilities> = {}) {
  const call = createFakeCall(can);
  const sent: string[] = [];
  const verbs = createVerbs(call.parts, {
    send: ({ type }) => void sent.push(type),
    dialogue: () => 'conversing.listening',
    keypad: () => 'idle',
  });
  return { ...call, sent, verbs };
}

const MISSING = { code: 'OFFHOOK_CAPABILITY_MISSING', call: 'CA1' };

describe('a leg that', () => {
  it('cannot send keys is asked for none', async () => {
    const { verbs, leg } = openVerbs({ digitsOut: false });
    await expect(verbs.sendDigits('1')).rejects.toMatchObject(MISSING);
    expect(leg.log).toEqual([]);
  });

  it('cannot hear keys is not waited for', async () => {
    const { verbs, sent } = openVerbs({ digitsIn: false });
    await expect(verbs.collectDigits({ max: 4 })).rejects.toMatchObject(MISSING);
    expect(sent).toEqual([]);
  });

  it('refuses keys tells whoever pressed them, and the rest is not pressed', async () => {
    const { verbs, leg, clock } = openVerbs();
    leg.sendDigits = async (keys) => {
      leg.log.push(`digits ${keys}`);
      return keys === '34' ? 'OFFHOOK_CALL_STATE' : undefined;
    };
    const pressed = expect(verbs.sendDigits('12w34w56')).rejects.toMatchObject({
      code: 'OFFHOOK_CALL_STATE',
      call: 'CA1',
    });
    await clock.run(500);
    await pressed;
    expect(leg.log).toEqual(['digits 12', 'digits 34']);
  });
});

describe('a transport that cannot tell machines from people', () => {
  const openAgent = (amd: boolean) => {
    const dialled: string[] = [];
    const transport: Transport = {
      name: 'plain',
      can: { ...CAN, amd },
      connect: async () => {},
      dial({ to }) {
        dialled.push(to);
        throw new Error('far enough');
      },
      close: async () => {},
    };
    const session = (): never => {
      throw new Error('not asked');
    };
    return { dialled, agent: createAgent({ transports: [transport], session, logger: silentLogger }) };
  };

  it('places no call that needs it', async () => {
    const { agent, dialled } = openAgent(false);
    await expect(agent.call('1', { machineDetection: true })).rejects.toMatchObject({
      code: 'OFFHOOK_CAPABILITY_MISSING',
      message: expect.stringContaining('"plain"') as string,
    });
    expect(dialled).toEqual([]);
    await expect(agent.call('2')).rejects.toThrow('far enough');
    expect(dialled).toEqual(['2']);
  });

  it('and one that can does', async () => {
    const { agent, dialled } = openAgent(true);
    await expect(agent.call('1', { machineDetection: true })).rejects.toThrow('far enough');
    expect(dialled).toEqual(['1']);
  });
});
