/**
 * Every call that once broke a law, or is worth keeping for what happens in it, played again. A script is the whole
 * test: its name says what must come of it, `broke` which law it broke. `SCRIPT=file` plays one of them.
 */
import { describe, expect, it } from 'vitest';
import { play } from './play.ts';
import { readScripts } from './script.ts';

const only = process.env['SCRIPT'];
const scripts = readScripts().filter(([file]) => only === undefined || file === only);

describe('a call that', () => {
  it.each(scripts.map(([file, script]) => [script.name, file, script] as const))(
    '%s',
    (_name, _file, script) => {
      expect(play(script)).toBe(undefined);
    },
  );
});
