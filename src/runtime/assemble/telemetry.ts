/**
 * @module What the platform is told about a call: the session's set-up, and at the end its numbers
 * (clawops.md 4.12; numbers measured rather than guessed, see its section 9, item 70).
 */
import type { SessionSpec } from '../../providers/contract.ts';
import type { ToolRegistry } from '../../tools/registry.ts';
import type { Progress } from './progress.ts';

export function describeSession<Call>(
  spec: SessionSpec,
  tools: ToolRegistry<Call>,
  recording: boolean,
): Readonly<Record<string, unknown>> {
  const { type, system, model, voice, language } = spec.description;
  const builtins = tools.schemas
    .filter(({ name }) => tools.find(name)?.kind === 'builtin')
    .map(({ name }) => name);
  return {
    sessionType: type,
    llm: { provider: system, model },
    stt: null,
    tts: null,
    voice: voice ?? null,
    language: language ?? null,
    greetingEnabled: spec.greeting.enabled,
    recordingEnabled: recording,
    toolCount: tools.schemas.length - builtins.length,
    mcpServerCount: 0,
    builtinTools: builtins,
  };
}

export function writeMetrics(
  progress: Progress,
  endedBy: string,
  errors: readonly { type: string; message: string }[],
): Readonly<Record<string, unknown>> {
  return {
    firstResponseMs: progress.firstResponseMs === undefined ? null : Math.round(progress.firstResponseMs),
    turnCount: progress.turns,
    toolCallCount: progress.toolCalls,
    toolErrorCount: progress.toolErrors,
    bargeInCount: progress.bargeIns,
    endReason: endedBy === 'caller' ? 'user_hangup' : endedBy === 'agent' ? 'agent_hangup' : 'error',
    errors: errors.slice(0, 20),
  };
}
