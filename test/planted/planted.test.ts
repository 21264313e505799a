/**
 * Faults planted in the charts, one at a time, and what notices them. A fault that only a comparison with earlier calls
 * would show breaks a law that nobody has written down; a layer that does not see what it saw has gone blind.
 * `PLANTED=deep` looks for each fault in every walk and in 2,000 conversations.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { openSockets } from '../../src/testing/settle.ts';
import { playStory, recordCalls, replay } from './call-layers.ts';
import { converse, DEEP, inspectStructure, playExamples, walk } from './chart-layers.ts';
import { FAULTS, SMALLEST_WALK } from './faults.ts';
import { DEMO, type Findings, type Layer, LAYERS, type Planted, type SoundCalls } from './layer.ts';
import { NOTHING, plant } from './plant.ts';

const sound: SoundCalls = { logs: recordCalls(), counters: new Map() };
const found = new Map<string, Findings>();

async function lookFor(fault: Planted): Promise<Findings> {
  const counters = plant(fault);
  return {
    structure: await inspectStructure(),
    walk: await walk(fault),
    examples: await playExamples(),
    property: await converse(fault),
    ...(await playStory(fault, counters, sound)),
    replay: await replay(sound),
  };
}

/** Caught, not caught, or not looked for: there is a golden trace of the demo only. */
function markOf({ name, story }: Planted, layer: Layer): string {
  if (found.get(name)?.[layer]) return '●';
  return layer === 'golden' && story !== DEMO ? ' ' : '·';
}

process.env['KEEP_SCRIPTS'] = '0';

describe('a planted fault', () => {
  // The other walks, and more conversations, see the same charts in suites of their own.
  it('is seen by no layer where there is none', async () => {
    const counters = plant(NOTHING);
    expect(await inspectStructure()).toBeUndefined();
    expect(await walk({ walk: SMALLEST_WALK })).toBeUndefined();
    expect(await playExamples()).toBeUndefined();
    expect(await converse({})).toBeUndefined();
    for (const story of new Set(FAULTS.map((fault) => fault.story))) {
      expect(await playStory({ story }, counters, sound), story.join()).toEqual({});
      sound.counters.set(story, { ...counters });
    }
    expect(await replay(sound)).toBeUndefined();
  }, 300_000);

  it.each(FAULTS)(
    'is caught by a law: $name',
    async (fault) => {
      const findings = await lookFor(fault);
      found.set(fault.name, findings);
      const { replay: _replay, golden: _golden, ...rest } = findings;
      const laws = Object.values(rest).flatMap((caught) => (caught ? [caught.law] : []));
      expect(laws).toContainEqual(expect.stringContaining(fault.breaks));
      expect(openSockets(), 'sockets left to the next fault').toBe(0);
    },
    300_000,
  );

  it.skipIf(DEEP)('is caught by every layer that ever caught it', () => {
    const rows = FAULTS.map((fault) => {
      const marks = LAYERS.map((layer) => markOf(fault, layer).padEnd(layer.length));
      return `${fault.name.padEnd(30)} ${marks.join('  ')}`.trimEnd();
    });
    expect(`\n${[`${'fault'.padEnd(30)} ${LAYERS.join('  ')}`, ...rows].join('\n')}\n`)
      .toMatchInlineSnapshot(`
        "
        fault                          structure  walk  examples  property  story  counters  golden  replay
        stale event accepted           ·          ●     ●         ●         ·      ●                 ●
        media epoch ignored            ·          ●     ·         ·         ·      ·         ·       ·
        missing flush                  ·          ●     ●         ●         ●      ●         ●       ●
        orders out of sequence         ·          ●     ●         ●         ·      ·         ·       ·
        cut audio counted as heard     ·          ●     ●         ●         ●      ·         ●       ●
        missing deadline: transfer     ●          ·     ·         ·         ·      ·         ·       ·
        missing deadline: answer       ·          ·     ·         ●         ●      ·                 ·
        missing deadline: hang-up      ·          ·     ·         ●         ·      ·                 ·
        silence timer missing          ·          ·     ●         ·         ●      ·                 ·
        lost tool result               ·          ●     ●         ●         ●      ·         ●       ●
        tool executed twice            ·          ●     ·         ●         ·      ·         ·       ●
        child leaked                   ·          ●     ●         ●         ·      ·         ·       ·
        tool left running              ·          ·     ●         ·         ·      ·                 ·
        wrong gate                     ·          ●     ●         ●         ·      ·                 ·
        hold gate ignored              ·          ●     ●         ●         ●      ·                 ·
        floor stuck                    ●          ·     ·         ●         ·      ·                 ·
        floor kept over a lost session ·          ●     ●         ●         ·      ·                 ●
        duplicate greeting             ·          ●     ●         ●         ●      ·                 ●
        owed answer forgotten          ·          ●     ·         ·         ●      ·                 ●
        hang-up not answered           ●          ●     ●         ●         ·      ·                 ·
        transfer ended by silence      ·          ●     ●         ·         ·      ·         ·       ·
        early speech after away        ·          ●     ●         ·         ·      ·         ·       ·
        keys not told                  ·          ●     ·         ●         ●      ·                 ●
        states chase each other        ·          ●     ●         ●         ●      ●         ●       ●
        second response too early      ·          ●     ·         ·         ·      ·                 ·
        dead connection believed       ·          ●     ●         ·         ·      ·                 ·
        number fought for              ·          ·     ●         ·         ●      ·                 ·
        "
      `);
  });

  afterAll(() => {
    const lines = FAULTS.flatMap(({ name, notices }) => [
      `${name}: ${notices}`,
      ...LAYERS.flatMap((layer) => {
        const caught = found.get(name)?.[layer];
        return caught ? [`  ${layer.padEnd(10)} ${caught.law.slice(0, 120)} (after ${caught.after})`] : [];
      }),
    ]);
    process.stdout.write(`${lines.join('\n')}\n`);
  });
});
