/** The chart of a test: the last seconds of one point; a value holds until the next one. Pure. */
import { axisNumbers, axisUnit, valueTicks } from "../charts/ticks";

export const SPAN_S = 40;
export const WIDTH = 1000;
export const HEIGHT = 300;
const TICKS = 3;

export type Tick = { top: number; text: string };
/** `ticks`: from the top down; `top` in percent; the unit is on the first one. */
export type TraceShape = { line: string; area: string; ticks: Tick[] };

type Trace = readonly (readonly [number, number])[];

/**
 * `trace`: pairs of Unix seconds and value, the newest last. `end`: the right edge. `zero`: from zero, as for power.
 */
export function traceShape(trace: Trace, end: number, unit: string, zero = true): TraceShape {
  const start = end - SPAN_S;
  const shown = fitted(trace, start);
  const values = shown.map(([, value]) => value);
  const [low, high] = limits(values, zero);
  const x = (at: number) => round((Math.min(Math.max(at - start, 0), SPAN_S) / SPAN_S) * WIDTH);
  const y = (value: number) => round(HEIGHT - ((value - low) / (high - low)) * HEIGHT);
  const corners = shown.map(([at, value], index) => (index ? `H${x(at)}V${y(value)}` : `M${x(at)} ${y(value)}`));
  const line = corners.length ? `${corners.join("")}H${WIDTH}` : "";
  const ground = y(Math.max(low, Math.min(0, high)));
  const area = line ? `${line}V${ground}H${x(shown[0]?.[0] ?? start)}Z` : "";
  return { line, area, ticks: ticksOf(low, high, unit) };
}

/** The values of the span, with the one that held at its beginning. */
function fitted(trace: Trace, start: number): Trace {
  const first = trace.findIndex(([at]) => at >= start);
  return trace.slice(first < 0 ? -1 : Math.max(first - 1, 0));
}

function limits(values: readonly number[], zero: boolean): [number, number] {
  const [least, most] = [Math.min(...values, zero ? 0 : Infinity), Math.max(...values, zero ? 0 : -Infinity)];
  if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
  const room = Math.max((most - least) * 0.1, zero ? 1 : 0.5);
  return [zero && least >= 0 ? 0 : least - room, most + room];
}

function ticksOf(low: number, high: number, unit: string): Tick[] {
  const values = valueTicks(low, high, TICKS).reverse();
  const axis = axisUnit(unit, Math.max(Math.abs(low), Math.abs(high)));
  return axisNumbers(values, axis.divisor).map((text, index) => ({
    top: (100 * (high - (values[index] ?? 0))) / (high - low),
    text: index ? text : `${text} ${axis.unit}`.trim(),
  }));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
