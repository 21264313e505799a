/** @module Plugs a call's ports together: each chart child is one file here, and this is the list of them. */
import type { CallHandle } from '../../call.ts';
import type { Tool } from '../../tools/define.ts';
import type { OpenPort, PortName } from '../switchboard.ts';
import { describeTool } from './events.ts';
import type { Line } from './line.ts';
import type { CallParts } from './parts.ts';
import { createSessionPort } from './session.ts';
import type { CallSetup } from './setup.ts';
import { createLimitPort, createScreenPort, createStartPort, createToolPort } from './tasks.ts';
import { describeSession } from './telemetry.ts';
import type { Verbs } from './verbs.ts';

export interface PortsHost {
  readonly line: Line;
  readonly verbs: Verbs;
  handle(): CallHandle;
  /** Makes the session's recipe; does not reject. */
  prepare(): Promise<void>;
}

export function createPorts(parts: CallParts, setup: CallSetup, host: PortsHost): Record<PortName, OpenPort> {
  const { events, tools, leg, recording } = setup;
  const { line, verbs } = host;
  return {
    leg: line.open,
    connection: createSessionPort(parts, {
      tools: tools.schemas,
      speak: (chunk) => line.speak(chunk),
      listen: (feed) => {
        line.listener = feed;
      },
      fact: (fact) => {
        const spec = parts.spec();
        if (fact.type !== 'session.ready' || !spec || !leg.can.notices) return;
        leg.notify('telemetry', describeSession(spec, tools, recording !== undefined));
      },
    }),
    screen: createScreenPort(parts, setup.screen, () => host.prepare()),
    start: createStartPort(parts, () => events.emitAndWait('call_start', host.handle())),
    limit: createLimitPort(parts),
    tool: createToolPort(parts, {
      find: (name) => {
        const tool = tools.find(name);
        return tool?.kind === 'user' ? (tool as Tool) : undefined;
      },
      handle: () => host.handle(),
      say: (text) => void verbs.say(text).catch(() => undefined),
      progress: (name, update) => events.emit('tool_progress', host.handle(), { name, update }),
      finished: (_call, name, outcome) =>
        events.emit('tool_call', host.handle(), describeTool(name, outcome)),
    }),
  };
}
