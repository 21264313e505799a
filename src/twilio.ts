/** @module `offhook/twilio`: Twilio Media Streams. */
export * from './transport/twilio/index.ts';
