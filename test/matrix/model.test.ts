/**
 * The model: whatever becomes of its socket, the caller is never left in a silence that nothing explains.
 */
import { vi } from 'vitest';
import { describeMatrix } from './suite.ts';

vi.mock('../../src/audio/ring.ts', async (real) => (await import('./buffers.ts')).watchRings(await real()));
vi.mock('../../src/audio/recorder-track.ts', async (real) =>
  (await import('./buffers.ts')).watchTracks(await real()),
);
vi.mock('../../src/transport/clawops/early-audio.ts', async (real) =>
  (await import('./buffers.ts')).watchEarlyAudio(await real()),
);

describeMatrix('model');
