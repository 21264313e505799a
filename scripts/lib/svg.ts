/**
 * @module The little SVG that the pictures of docs are made of: text that is wrapped by estimated widths, boxes, and one
 * palette with a light and a dark side. No layout engine, no browser, the same bytes every time.
 */

export const SANS = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";
export const MONO = "ui-monospace, SFMono-Regular, Menlo, 'Liberation Mono', 'DejaVu Sans Mono', monospace";

/** Advance of one letter, as a share of the font size. Measured over the fonts above; the widest counts. */
const MONO_ADVANCE = 0.602;
const SANS_ADVANCE = 0.56;
const WIDE_ADVANCE = 1;

/** Colours by role: what a reader with a light page sees, and one with a dark page. */
export const PALETTE = {
  page: ['#ffffff', '#0d1117'],
  box: ['#f6f8fa', '#151b23'],
  inner: ['#ffffff', '#0d1117'],
  line: ['#d1d9e0', '#3d444d'],
  text: ['#1f2328', '#f0f6fc'],
  muted: ['#59636e', '#9198a1'],
  blue: ['#0969da', '#4493f8'],
  green: ['#1a7f37', '#3fb950'],
  amber: ['#9a6700', '#d29922'],
  red: ['#cf222e', '#f85149'],
  purple: ['#8250df', '#ab7df8'],
  blueWash: ['#ddf4ff', '#12263f'],
  greenWash: ['#dafbe1', '#12301c'],
  amberWash: ['#fff8c5', '#332a12'],
  redWash: ['#ffebe9', '#3c1618'],
  purpleWash: ['#fbefff', '#2a1f42'],
} as const;

export type Colour = keyof typeof PALETTE;
export type Side = 'light' | 'dark';

/** Text as XML. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Width of a text in px, estimated so that no common font is wider. */
export function widthOf(text: string, size: number, font: 'sans' | 'mono' = 'sans'): number {
  const advance = font === 'mono' ? MONO_ADVANCE : SANS_ADVANCE;
  let width = 0;
  for (const letter of text)
    width += /[\u1100-\u11ff\u2e80-\ud7ff\uf900-\uffef]/u.test(letter) ? WIDE_ADVANCE : advance;
  return width * size;
}

/** Breaks text at spaces into lines of at most `width` px; a longer word stays whole. */
export function wrapText(
  text: string,
  width: number,
  size: number,
  font: 'sans' | 'mono' = 'sans',
): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`, size, font) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

interface TextOptions {
  readonly size: number;
  readonly colour?: Colour;
  readonly font?: 'sans' | 'mono';
  readonly bold?: boolean;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly strike?: boolean;
}

/** One line of text; `y` is its baseline. */
export function text(x: number, y: number, content: string, options: TextOptions): string {
  const { size, colour = 'text', font = 'sans', bold, anchor = 'start', strike } = options;
  const attributes = [
    `x="${px(x)}" y="${px(y)}" font-size="${size}" class="${font === 'mono' ? 'm ' : ''}${colour}"`,
    bold ? 'font-weight="600"' : '',
    anchor === 'start' ? '' : `text-anchor="${anchor}"`,
    strike ? 'text-decoration="line-through"' : '',
  ];
  return `<text ${attributes.filter((part) => part !== '').join(' ')}>${escapeXml(content)}</text>`;
}

interface BoxOptions {
  readonly fill?: Colour | 'none';
  readonly stroke?: Colour | 'none';
  readonly radius?: number;
  readonly dashed?: boolean;
  readonly width?: number;
  readonly opacity?: number;
}

/** A rectangle with round corners. */
export function box(x: number, y: number, width: number, height: number, options: BoxOptions = {}): string {
  const { fill = 'inner', stroke = 'line', radius = 6, dashed, opacity } = options;
  const classes = [fill === 'none' ? 'nofill' : `f-${fill}`, stroke === 'none' ? '' : `s-${stroke}`];
  return (
    `<rect x="${px(x)}" y="${px(y)}" width="${px(Math.max(0, width))}" height="${px(height)}" rx="${radius}" ` +
    `class="${classes.join(' ').trim()}"${options.width ? ` stroke-width="${options.width}"` : ''}` +
    `${dashed ? ' stroke-dasharray="4 3"' : ''}${opacity === undefined ? '' : ` opacity="${opacity}"`}/>`
  );
}

/** A straight line. */
export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: Colour = 'line',
  options: { readonly width?: number; readonly dashed?: boolean } = {},
): string {
  return (
    `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="s-${colour}"` +
    `${options.width ? ` stroke-width="${options.width}"` : ''}${options.dashed ? ' stroke-dasharray="3 3"' : ''}/>`
  );
}

/** Coordinates without noise: a tenth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/**
 * A whole picture on a sheet of its own, so that it can be read on any page.
 * @param side `both` follows the reader's system; `light` and `dark` are fixed, for converters that know no media query
 */
export function sheet(
  width: number,
  height: number,
  title: string,
  parts: readonly string[],
  side: Side | 'both' = 'both',
): string {
  const dark = side === 'both' ? `@media (prefers-color-scheme: dark) { ${rules(1)} }` : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" ` +
      `height="${px(height)}" role="img" font-family="${SANS}">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>.m { font-family: ${MONO} } .nofill { fill: none } ${rules(side === 'dark' ? 1 : 0)} ${dark}</style>`,
    box(0.5, 0.5, width - 1, height - 1, { fill: 'page', radius: 8 }),
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function rules(index: 0 | 1): string {
  return Object.entries(PALETTE)
    .map(([name, colours]) => {
      const value = colours[index];
      return `text.${name}, .t-${name} { fill: ${value} } .f-${name} { fill: ${value} } .s-${name} { stroke: ${value} }`;
    })
    .join(' ');
}
