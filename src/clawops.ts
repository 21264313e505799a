/** @module `offhook/clawops`: the ClawOps network. */
export * from './transport/clawops/index.ts';
