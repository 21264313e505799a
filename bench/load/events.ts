/**
 * @module What the model says, as text: the messages of OpenAI Realtime around a spoken reply, with the fields and
 * about the sizes that the service sends (protocols/providers.md section 1).
 */

const id = (kind: string, number: number): string => `${kind}_${String(number).padStart(22, '0')}`;
export const responseId = (response: number): string => id('resp', response);
export const itemId = (response: number): string => id('item', response);

let events = 0;
const head = (type: string): string => `{"type":"${type}","event_id":"${id('event', (events += 1))}",`;
const place = (response: number): string =>
  `"response_id":"${responseId(response)}","item_id":"${itemId(response)}","output_index":0,"content_index":0`;

/** Three words a second, as people speak; each piece is the words of one audio delta. */
const WORDS = [
  ' the',
  ' table',
  ' for',
  ' four at',
  ' half',
  ' past',
  ' seven',
  ' is',
  ' still free,',
  ' so',
];
export const words = (chunk: number): string => WORDS[chunk % WORDS.length]!;
const transcript = (chunks: number): string =>
  Array.from({ length: chunks }, (_, chunk) => words(chunk)).join('');

const BASE =
  '"object":"realtime.response","conversation_id":"conv_0000000000000000000000","output_modalities":["audio"],' +
  '"max_output_tokens":"inf","audio":{"output":{"format":{"type":"audio/pcmu"},"voice":"marin"}}';

const message = (response: number, status: string, content: string): string =>
  `{"id":"${itemId(response)}","object":"realtime.item","type":"message","status":"${status}","role":"assistant","content":[${content}]}`;

export const sessionCreated = (): string =>
  `${head('session.created')}"session":{"type":"realtime","object":"realtime.session","id":"sess_0000000000000000000000","model":"gpt-realtime-2","output_modalities":["audio"],"instructions":"","tools":[],"tool_choice":"auto","max_output_tokens":"inf","tracing":null,"expires_at":1999999999,"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"transcription":null,"noise_reduction":null,"turn_detection":{"type":"server_vad","threshold":0.5,"prefix_padding_ms":300,"silence_duration_ms":200,"create_response":true,"interrupt_response":true}},"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"alloy","speed":1}}}}`;

export const sessionUpdated = (session: object): string =>
  `${head('session.updated')}"session":${JSON.stringify({ object: 'realtime.session', id: 'sess_0', ...session })}}`;

export const speechStarted = (turn: number, ms: number): string =>
  `${head('input_audio_buffer.speech_started')}"audio_start_ms":${ms},"item_id":"${id('user', turn)}"}`;

/** The end of a caller's turn: it stopped, it is taken, it is in the conversation. */
export const turnTaken = (turn: number, ms: number): string[] => {
  const item = `"item":{"id":"${id('user', turn)}","object":"realtime.item","type":"message","status":"completed","role":"user","content":[{"type":"input_audio","transcript":null}]}`;
  return [
    `${head('input_audio_buffer.speech_stopped')}"audio_end_ms":${ms},"item_id":"${id('user', turn)}"}`,
    `${head('input_audio_buffer.committed')}"previous_item_id":null,"item_id":"${id('user', turn)}"}`,
    `${head('conversation.item.added')}"previous_item_id":null,${item}}`,
    `${head('conversation.item.done')}"previous_item_id":null,${item}}`,
  ];
};

export const turnTranscribed = (turn: number): string =>
  `${head('conversation.item.input_audio_transcription.completed')}"item_id":"${id('user', turn)}","content_index":0,"transcript":"and do you have something for the evening?","usage":{"type":"tokens","total_tokens":22,"input_tokens":13,"input_token_details":{"text_tokens":0,"audio_tokens":13},"output_tokens":9}}`;

export const responseCreated = (response: number, metadata: string): string[] => [
  `${head('response.created')}"response":{"id":"${responseId(response)}","status":"in_progress","status_details":null,"output":[],"usage":null,"metadata":${metadata},${BASE}}}`,
  `${head('rate_limits.updated')}"rate_limits":[{"name":"requests","limit":5000,"remaining":4999,"reset_seconds":0.012},{"name":"tokens","limit":400000,"remaining":395000,"reset_seconds":0.75}]}`,
];

export const itemOpened = (response: number): string[] => [
  `${head('response.output_item.added')}"response_id":"${responseId(response)}","output_index":0,"item":${message(response, 'in_progress', '')}}`,
  `${head('conversation.item.added')}"previous_item_id":null,"item":${message(response, 'in_progress', '')}}`,
  `${head('response.content_part.added')}${place(response)},"part":{"type":"audio","transcript":""}}`,
];

export const transcriptDelta = (response: number, chunk: number): string =>
  `${head('response.output_audio_transcript.delta')}${place(response)},"delta":"${words(chunk)}"}`;

/** An audio delta up to its base64, which ends in `"}`. */
export const audioDelta = (response: number): string =>
  `${head('response.output_audio.delta')}${place(response)},"delta":"`;

/** The end of a reply of which `chunks` were sent: whole, or cut off by the caller. */
export function responseDone(response: number, chunks: number, isCut: boolean, metadata: string): string[] {
  const text = transcript(chunks);
  const content = `{"type":"output_audio","transcript":"${text}"}`;
  const item = message(response, isCut ? 'incomplete' : 'completed', content);
  const details = isCut ? '{"type":"cancelled","reason":"turn_detected"}' : 'null';
  const opened = chunks > 0;
  const closing = [
    `${head('response.output_audio.done')}${place(response)}}`,
    `${head('response.output_audio_transcript.done')}${place(response)},"transcript":"${text}"}`,
    `${head('response.content_part.done')}${place(response)},"part":{"type":"audio","transcript":"${text}"}}`,
    `${head('conversation.item.done')}"previous_item_id":null,"item":${item}}`,
    `${head('response.output_item.done')}"response_id":"${responseId(response)}","output_index":0,"item":${item}}`,
  ];
  return [
    ...(opened ? closing : []),
    `${head('response.done')}"response":{"id":"${responseId(response)}","status":"${isCut ? 'cancelled' : 'completed'}","status_details":${details},"output":[${opened ? item : ''}],"usage":{"total_tokens":${200 + chunks * 6},"input_tokens":180,"output_tokens":${20 + chunks * 6},"input_token_details":{"text_tokens":119,"audio_tokens":61,"cached_tokens":0},"output_token_details":{"text_tokens":20,"audio_tokens":${chunks * 6}}},"metadata":${metadata},${BASE}}}`,
  ];
}

export const itemTruncated = (item: string, ms: number): string =>
  `${head('conversation.item.truncated')}"item_id":"${item}","content_index":0,"audio_end_ms":${ms}}`;

export const nothingToCancel = (eventId: string): string =>
  `${head('error')}"error":{"type":"invalid_request_error","code":"response_cancel_not_active","message":"Cancellation failed: no active response found","param":null,"event_id":${JSON.stringify(eventId)}}}`;
