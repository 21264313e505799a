/** @module Reads an OTLP ExportTraceServiceRequest (opentelemetry-proto v1) as far as the tests look into it. */

export interface WireSpan {
  readonly name: string;
  readonly id: string;
  readonly traceId: string;
  readonly parentId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Record<string, unknown>;
  readonly events: string[];
  readonly links: string[];
}

type Fields = Map<number, (Buffer | bigint)[]>;

/** Splits a protobuf message into its fields by number; nested messages and strings stay bytes. */
function parse(body: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = body[at]!;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => body.subarray(at, (at += length));
  while (at < body.length) {
    const key = Number(varint());
    const type = key & 7;
    const value =
      type === 0
        ? varint()
        : type === 1
          ? take(8).readBigUInt64LE()
          : take(type === 2 ? Number(varint()) : 4);
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

const all = (fields: Fields, number: number): Buffer[] => (fields.get(number) ?? []) as Buffer[];
const one = (fields: Fields, number: number): Buffer => all(fields, number)[0] ?? Buffer.alloc(0);
/** Nanoseconds since 1970 as ms, whole microseconds first: the number would not fit a double. */
const ms = (fields: Fields, number: number): number =>
  Number(((fields.get(number)?.[0] ?? 0n) as bigint) / 1000n) / 1000;

/** AnyValue: string 1, bool 2, int 3, double 4. */
function value(body: Buffer): unknown {
  const fields = parse(body);
  const [[number, values] = [0, []]] = fields;
  const first = values[0];
  if (number === 1) return String(first);
  if (number === 2) return first === 1n;
  if (number === 4) {
    const bits = Buffer.alloc(8);
    bits.writeBigUInt64LE(first as bigint);
    return bits.readDoubleLE();
  }
  return Number(first);
}

const attributes = (entries: Buffer[]): Record<string, unknown> =>
  Object.fromEntries(
    entries.map((entry) => {
      const pair = parse(entry);
      return [String(one(pair, 1)), value(one(pair, 2))];
    }),
  );

/** The first resource and scope, and all spans under them. */
export function readTraces(body: Buffer): {
  resource: Record<string, unknown>;
  scope: { name: string; version: string };
  spans: WireSpan[];
} {
  const resourceSpans = parse(one(parse(body), 1));
  const scopeSpans = parse(one(resourceSpans, 2));
  const scope = parse(one(scopeSpans, 1));
  return {
    resource: attributes(all(parse(one(resourceSpans, 1)), 1)),
    scope: { name: String(one(scope, 1)), version: String(one(scope, 2)) },
    spans: all(scopeSpans, 2).map((entry) => {
      const span = parse(entry);
      return {
        traceId: one(span, 1).toString('hex'),
        id: one(span, 2).toString('hex'),
        parentId: one(span, 4).toString('hex'),
        name: String(one(span, 5)),
        startMs: ms(span, 7),
        endMs: ms(span, 8),
        attributes: attributes(all(span, 9)),
        events: all(span, 11).map((event) => String(one(parse(event), 2))),
        links: all(span, 13).map((link) => one(parse(link), 2).toString('hex')),
      };
    }),
  };
}
