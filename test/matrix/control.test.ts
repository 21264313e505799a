/**
 * The link to the platform: calls that are up do not depend on it, and it comes back.
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

describeMatrix('control');
