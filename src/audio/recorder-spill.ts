/**
 * @module Audio that will be played much later than memory is worth: a model may be minutes ahead of the line. It
 * lies in a nameless file beside the recording, as G.711 bytes, until the line comes near it.
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';

/** Bytes of the file that are one stretch of the track. */
interface Stretch {
  /** Sample at which it plays. */
  start: number;
  offset: number;
  length: number;
}

export interface RecorderSpill {
  /** First sample in it; Infinity while it is empty. */
  readonly start: number;
  /** One past the last sample in it; 0 while it is empty. */
  readonly end: number;
  /** Keeps audio that plays from sample `start`. @throws what the file system throws */
  put(start: number, bytes: Uint8Array): void;
  /** Gives back all that plays before `until`, in the order it came. @throws what the file system throws */
  take(until: number, give: (start: number, bytes: Uint8Array) => void): void;
  /** Forgets everything from sample `start` on. */
  cut(start: number): void;
  close(): void;
}

// Read back in pieces of a second and a half.
const PIECE = 12_000;

/** Creates an empty spill; the file is made with the first audio. @param path of the file */
export function createRecorderSpill(path: string): RecorderSpill {
  let file: number | undefined;
  let size = 0;
  let stretches: Stretch[] = [];

  const open = (): number => {
    const opened = openSync(path, 'w+', 0o600);
    // Without a name it is gone when this process is, however that ends; where it has to keep one, `close` removes it.
    remove();
    return opened;
  };
  const remove = (): void => {
    try {
      rmSync(path, { force: true });
    } catch {
      // Open files cannot be removed everywhere.
    }
  };

  return {
    get start() {
      return stretches[0]?.start ?? Infinity;
    },
    get end() {
      const last = stretches.at(-1);
      return last ? last.start + last.length : 0;
    },
    put(start, bytes) {
      file ??= open();
      if (stretches.length === 0 && size > 0) {
        ftruncateSync(file, 0);
        size = 0;
      }
      writeSync(file, bytes, 0, bytes.length, size);
      const last = stretches.at(-1);
      if (last && last.start + last.length === start && last.offset + last.length === size) {
        last.length += bytes.length;
      } else {
        stretches.push({ start, offset: size, length: bytes.length });
      }
      size += bytes.length;
    },
    take(until, give) {
      for (let first = stretches[0]; first && first.start < until; first = stretches[0]) {
        const bytes = new Uint8Array(Math.min(PIECE, first.length, Math.ceil(until - first.start)));
        readSync(file!, bytes, 0, bytes.length, first.offset);
        const { start } = first;
        first.start += bytes.length;
        first.offset += bytes.length;
        first.length -= bytes.length;
        if (first.length === 0) stretches.shift();
        give(start, bytes);
      }
    },
    cut(start) {
      stretches = stretches.filter((stretch) => stretch.start < start);
      for (const stretch of stretches) stretch.length = Math.min(stretch.length, start - stretch.start);
    },
    close() {
      stretches = [];
      if (file === undefined) return;
      closeSync(file);
      file = undefined;
      remove();
    },
  };
}
