/**
 * @module The one error class and the registry of its codes. `docs/errors.md` is made from this file.
 * A code never changes its meaning: it is what people match on, search for and alert on.
 */

interface ErrorKind {
  /** What was wrong, in general; a thrown error says it with the value at hand. */
  readonly message: string;
  /** What would have been right. */
  readonly expected: string;
  /** What to do about it. */
  readonly hint: string;
  /** True where the same call may succeed later without a change. */
  readonly retryable: boolean;
}

const kind = (message: string, expected: string, hint: string, retryable = false): ErrorKind => ({
  message,
  expected,
  hint,
  retryable,
});

/** Every code Offhook throws or reports. */
export const ERRORS = {
  OFFHOOK_OPTION_INVALID: kind(
    'An option has a value that cannot be used.',
    'A value as the option documents it.',
    'Correct the option named in the message.',
  ),
  OFFHOOK_OPTION_MISSING: kind(
    'A required option or environment variable is not set.',
    'The option, or the variable it falls back to.',
    'Pass the option or set the variable named in the message.',
  ),
  OFFHOOK_URL_INSECURE: kind(
    'A plain http:// or ws:// address outside this machine would carry keys and voices in clear.',
    'An https:// or wss:// address, or a loopback one.',
    'Use TLS, or set `insecure: true` if the network is trusted.',
  ),
  OFFHOOK_DEPENDENCY_MISSING: kind(
    'An optional package that this feature uses is not installed.',
    'The package next to offhook.',
    'Run the npm command in the message.',
  ),
  OFFHOOK_SPEECH_UNAVAILABLE: kind(
    'There is no voice to speak this text with.',
    'A recording, or the program espeak-ng on the PATH.',
    'Pass --wav FILE, or install espeak-ng (Debian: apt-get install espeak-ng; macOS: brew install espeak-ng).',
  ),
  OFFHOOK_AUDIO_INVALID: kind(
    'Audio is not in a form that can be used.',
    'PCM16 as Int16Array, G.711 bytes with a codec, or a PCM16 or G.711 WAV file.',
    'Convert the audio, or say what it is.',
  ),
  OFFHOOK_MODULE_INVALID: kind(
    'The module does not export an agent.',
    'A module with `export default createAgent({...})`.',
    'Export the agent as default from the module named in the message.',
  ),
  OFFHOOK_AUTH_REFUSED: kind(
    'The platform or provider refused the credentials.',
    'A key that is valid for this account and number.',
    'Check the key, the account and the base URL; reconnecting will not help.',
  ),
  OFFHOOK_SIGNATURE_INVALID: kind(
    'A request that claims to come from the network could not be shown to.',
    'A signature made with the auth token, for the address the network was told to call.',
    'Compare the address in the log with what the network was told (scheme, host, port, path), and the token.',
  ),
  OFFHOOK_NUMBER_TAKEN: kind(
    'Another process has taken this number over.',
    'One process for a number.',
    'Stop the other process, or serve another number here.',
  ),
  OFFHOOK_NUMBER_NOT_SERVED: kind(
    'Nobody serves the number that was dialled.',
    'A number with an agent connected to it.',
    'Start the agent for that number first, or dial one that is served.',
    true,
  ),
  OFFHOOK_PORT_IN_USE: kind(
    'The port is taken by another program.',
    'A free port.',
    'Stop the other program, or choose another port: the option `port`, or --port of a command.',
  ),
  OFFHOOK_LINK_TIMEOUT: kind(
    'The control connection was not up in time.',
    'An answer from the platform within 10 s.',
    'Check the base URL and the network; the link keeps trying in the background.',
    true,
  ),
  OFFHOOK_MEDIA_FAILED: kind(
    'The media connection of a call could not be opened or broke.',
    'A media URL that accepts a connection within 30 s of the call.',
    'Check that the media host is reachable from here; the call is ended and reported as failed.',
    true,
  ),
  OFFHOOK_DIAL_REFUSED: kind(
    'The platform refused to place the call.',
    'A number that may be called from this account.',
    "Read the platform's reason in the message.",
  ),
  OFFHOOK_CALL_LIMIT: kind(
    'The agent already has as many calls as `maxCalls` allows.',
    'Fewer calls at once.',
    'Raise `maxCalls`, or wait for a call to end.',
    true,
  ),
  OFFHOOK_CALL_STATE: kind(
    'The call is in a state that does not allow this.',
    'A call in the state the message names.',
    'Check `call.state` first; nothing was sent.',
  ),
  OFFHOOK_CALL_ENDED: kind(
    'The call is over.',
    'A call that is still up.',
    'Stop using the handle once `call_end` has fired.',
  ),
  OFFHOOK_CAPABILITY_MISSING: kind(
    'This transport or session cannot do what was asked.',
    'A transport or session that declares the capability.',
    'Use another transport or session, or leave the feature out.',
  ),
  OFFHOOK_SESSION_FAILED: kind(
    'The model session could not be opened, or was lost and did not come back.',
    'A session that is ready within 10 s.',
    "Check the provider's key, model and status.",
    true,
  ),
  OFFHOOK_SESSION_SILENT: kind(
    'The model accepted a request and answered with nothing.',
    'Audio or a tool call for every request.',
    'Check the instructions and the model; the caller heard an apology.',
    true,
  ),
  OFFHOOK_TOOL_UNKNOWN: kind(
    'The model called a tool that does not exist.',
    'The name of a registered tool.',
    'Nothing: the model was told so and goes on.',
  ),
  OFFHOOK_TOOL_ARGUMENTS: kind(
    "The model called a tool with arguments that do not fit the tool's parameters.",
    'Arguments that the schema accepts.',
    'Describe the parameters more closely; the model was told what did not fit.',
  ),
  OFFHOOK_TOOL_TIMEOUT: kind(
    'A tool did not finish within its timeout.',
    'A result within `timeout` (30 s by default).',
    "Raise the tool's `timeout` or make it faster; heed its `signal`.",
    true,
  ),
  OFFHOOK_TOOL_FAILED: kind(
    'A tool threw.',
    'A result.',
    'See the cause; the model was told that the tool failed.',
    true,
  ),
  OFFHOOK_TOOL_RESULT: kind(
    'A tool returned what JSON cannot express.',
    'A value that JSON.stringify accepts: no cycles, no BigInt, no function.',
    'Return plain data.',
  ),
  OFFHOOK_TOOL_DUPLICATE: kind(
    'Two tools have the same name.',
    'One tool for a name.',
    'Rename one of them.',
  ),
  OFFHOOK_LISTENER_FAILED: kind(
    'An event listener threw.',
    'A listener that handles its own errors.',
    'See the cause; the call goes on.',
  ),
  OFFHOOK_TAP_FAILED: kind(
    'An audio tap (recorder, gain, level) threw and was detached.',
    'A tap that does not throw.',
    'See the cause; the audio path itself is not affected.',
  ),
  OFFHOOK_CHART_FAULT: kind(
    'A chart or one of its ports threw.',
    'No throw: this is a defect in Offhook or in a custom port.',
    'Report it with the call log, which holds no personal data.',
  ),
  OFFHOOK_LOG_INVALID: kind(
    'The file is not a call log that this version can replay.',
    'A *.call.log written by Offhook.',
    'Check the path; see `offhook replay --help`.',
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface OffhookErrorDetails {
  expected?: string;
  hint?: string;
  retryable?: boolean;
  cause?: unknown;
  /** The id of the call it happened in. */
  call?: string;
}

/** What every public function of Offhook throws. `code` is stable; `message` is for people. */
export class OffhookError extends Error {
  override readonly name = 'OffhookError';
  readonly code: ErrorCode;
  readonly expected: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly call: string | undefined;

  constructor(code: ErrorCode, message?: string, details: OffhookErrorDetails = {}) {
    const known = ERRORS[code];
    super(message ?? known.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.expected = details.expected ?? known.expected;
    this.hint = details.hint ?? known.hint;
    this.retryable = details.retryable ?? known.retryable;
    this.call = details.call;
  }
}
