/** @module A process of its own for the calls in a row, so that the heap it measures holds nothing else. */
import { playInARow } from './in-a-row.ts';

const [calls = '2000', every = '20'] = process.argv.slice(2);
const tally = await playInARow(Number(calls), Number(every), (sample) => void process.send?.({ sample }));
process.send?.({ tally }, () => process.disconnect());
