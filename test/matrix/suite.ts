/**
 * @module The matrix of one socket as tests: with DEEP=1 every cell, otherwise one cell of every state, so that each
 * fault meets each socket. What the page says of a cell must be so.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Cell, runCell } from './cell.ts';
import { FAULTS, type Fault } from './faults.ts';
import { judge } from './judge.ts';
import { COLUMNS, emptyPage, frameOf, readSection, ROWS, sectionOf, textOf, writeSection } from './page.ts';
import { KINDS, type WireKind } from './wires.ts';

const PAGE = join(import.meta.dirname, '../../docs/faults.md');
const DEEP = process.env['DEEP'] !== undefined;
const UPDATE = process.env['UPDATE_FAULTS'] !== undefined;

const readPage = (): string => (existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : emptyPage());

/** Which cells of a row are run. Neighbours get different faults, and each socket its turn. */
function faultsOf(row: number, kind: WireKind): readonly Fault[] {
  if (DEEP) return COLUMNS;
  const pair = row % (FAULTS.length * KINDS.length);
  return KINDS[pair % KINDS.length] === kind ? [FAULTS[pair % FAULTS.length]!] : [];
}

/** The tests. */
export function describeMatrix(kind: WireKind): void {
  const said = new Map<string, string>();
  const page = readSection(readPage(), kind);

  describe(`the ${kind} socket`, () => {
    for (const [row, state] of ROWS.entries()) {
      const faults = faultsOf(row, kind);
      if (faults.length === 0) continue;
      it(`in ${state}: ${DEEP ? 'every fault' : faults.join(', ')}`, { timeout: 120_000 }, async () => {
        const wrong: string[] = [];
        for (const fault of faults) {
          const cell: Cell = await runCell(state, kind, fault);
          const text = textOf(cell);
          said.set(`${state} ${fault}`, text);
          wrong.push(...judge(cell).map((why) => `${fault}: ${why}`));
          const written = page.get(`${state} ${fault}`);
          if (!UPDATE && text !== written)
            wrong.push(`${fault}: is "${text}", docs/faults.md says "${written}"`);
        }
        expect(wrong).toEqual([]);
      });
    }

    it.runIf(!UPDATE)('is described by the page', () => {
      expect(readPage().startsWith(frameOf())).toBe(true);
      expect([...page.keys()].sort()).toEqual(
        ROWS.flatMap((state) => COLUMNS.map((column) => `${state} ${column}`)).sort(),
      );
    });

    afterAll(() => {
      if (!DEEP) return;
      const section = sectionOf(kind, (state, column) => said.get(`${state} ${column}`) ?? '?');
      process.stdout.write(`${section}\n`);
      if (!UPDATE) return;
      // The head may have changed, and with it the whole page.
      const old = readPage();
      let fresh = emptyPage();
      for (const other of KINDS) {
        const known = readSection(old, other);
        const kept = sectionOf(other, (state, column) => known.get(`${state} ${column}`) ?? '?');
        fresh = writeSection(fresh, other, other === kind ? section : kept);
      }
      writeFileSync(PAGE, fresh);
    });
  });
}
