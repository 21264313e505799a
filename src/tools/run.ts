/**
 * @module Runs one tool call from the model's text to the text that the model is told. It always comes to an end
 * and never rejects, whatever the tool does; what a tool does after that end changes nothing.
 */
import { OffhookError } from '../errors.ts';
import type { Clock, TimerHandle } from '../runtime/clock.ts';
import type { Tool, ToolContext } from './define.ts';
import { type Ending, failed, interrupted, misfit, timedOut, type ToolOutcome, unusable } from './outcome.ts';
import { writeResult } from './result.ts';

export interface ToolRunContext<Call = unknown> extends ToolContext<Call> {
  readonly clock: Clock;
  /** Aborting it ends the run at once: an interruption or a hang-up that the tool is to heed. */
  readonly signal: AbortSignal;
  /** A tool came to its own end after the run was over. Counted, not used. Must not throw. */
  readonly onLate?: () => void;
}

/**
 * Parses and checks the arguments, executes the tool and writes its result, within `tool.timeout` by the clock.
 * @param argumentsText JSON as the model wrote it; blank stands for no arguments.
 * @returns the outcome, with code OFFHOOK_TOOL_ARGUMENTS, _TIMEOUT, _FAILED or _RESULT where it is not `ok`.
 */
export function runTool<Call>(
  tool: Tool<Call>,
  argumentsText: string,
  context: ToolRunContext<Call>,
): Promise<ToolOutcome> {
  const { clock, signal } = context;
  const started = clock.now();
  const abort = new AbortController();
  let over = false;
  let timer: TimerHandle | undefined;
  return new Promise((resolve) => {
    const end = (ending: Ending): void => {
      over = true;
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', interrupt);
      resolve({ ...ending, durationMs: clock.now() - started });
    };
    if (signal.aborted) {
      resolve({ ...interrupted(tool.name, false), durationMs: 0 });
      return;
    }
    const interrupt = (): void => {
      end(interrupted(tool.name, true));
      abort.abort(signal.reason);
    };
    signal.addEventListener('abort', interrupt);
    timer = clock.setTimeout(() => {
      const ending = timedOut(tool);
      end(ending);
      abort.abort(ending.error);
    }, tool.timeout);
    const own = confineContext(context, abort.signal, () => over);
    void work(tool, argumentsText, own).then((ending) => (over ? context.onLate?.() : end(ending)));
  });
}

/** What the tool gets: its own signal, and a voice only for as long as it runs. */
function confineContext<Call>(
  context: ToolRunContext<Call>,
  signal: AbortSignal,
  isOver: () => boolean,
): ToolContext<Call> {
  return {
    call: context.call,
    signal,
    idempotencyKey: context.idempotencyKey,
    say: (text) => {
      if (!isOver()) context.say(text);
    },
    progress: (update) => {
      if (!isOver()) context.progress(update);
    },
  };
}

/** Never rejects: whatever goes wrong on the way is an ending. */
async function work<Call>(tool: Tool<Call>, text: string, context: ToolContext<Call>): Promise<Ending> {
  const { name } = tool;
  try {
    const parsed = parseArguments(text);
    if (!parsed) return misfit(name, ['they are not valid JSON'], 'no JSON');
    const args = await tool.parameters.check(parsed.value);
    if (!args.fits) {
      const labels = args.misfits.map(({ label }) => label);
      return misfit(
        name,
        args.misfits.map(({ text }) => text),
        labels.join(', '),
      );
    }
    // A check may take its time, and a tool that was interrupted meanwhile must not begin.
    if (context.signal.aborted) return interrupted(name, false);
    return await conclude(tool, await tool.execute(args.value, context));
  } catch (cause) {
    return failed(name, cause);
  }
}

function parseArguments(text: string): { value: unknown } | undefined {
  if (text.trim() === '') return { value: {} };
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's message quotes its input, which belongs in no error.
    return undefined;
  }
}

async function conclude<Call>(tool: Tool<Call>, result: unknown): Promise<Ending> {
  const checked = (await tool.returns?.check(result)) ?? { fits: true, value: result };
  if (!checked.fits) {
    const labels = checked.misfits.map(({ label }) => label).join(', ');
    return unusable(
      tool.name,
      new OffhookError(
        'OFFHOOK_TOOL_RESULT',
        `Tool "${tool.name}" returned what its \`returns\` does not allow: ${labels}.`,
      ),
    );
  }
  try {
    return { ok: true, text: writeResult(tool.name, checked.value) };
  } catch (error) {
    if (error instanceof OffhookError) return unusable(tool.name, error);
    throw error;
  }
}
