/**
 * Series of the API as columns over common times, for charts.
 *
 *     kettle  ▏12:00 1 W  ▏           12:02 3 W ▏12:03 gap        ▏
 *     fridge  ▏           12:01 80 W ▏                              12:04 79 W
 *     ──►     at 12:00 12:01 12:02 12:03 12:04     kettle 1 1 3 – –     fridge – 80 80 80 79
 *
 * A value holds until the next one: only a null of the API is a gap, not a missing report. A condensed row represents
 * its step; after the step its last value holds.
 */
import type { Quality, Series } from "../data/shapes";
import type { Span } from "../time/calendar";

/** One value of one series. `y` null: a gap begins. `low`, `high`: of its step. */
export type Row = Readonly<{
  at: number;
  y: number | null;
  low: number | null;
  high: number | null;
  mark: Mark | null;
}>;
export type Mark = Readonly<{ quality: Quality; flags: readonly string[] }>;

export type Column = Readonly<{ y: (number | null)[]; low: (number | null)[]; high: (number | null)[] }>;
export type Columns = Readonly<{ at: number[]; columns: Column[] }>;

const LATE = 1.2; // steps after which the next row is late; allows for days of 25 hours

/** The rows of a series. Text and raw bytes become gaps. */
export function rowsOf(series: Series): Row[] {
  const marks = new Map(series.marks.map(([index, quality, flags]): [number, Mark] => [index, { quality, flags }]));
  return series.at.map((at, index) => {
    const last = numberOf(series.value[index]);
    const y = series.mean?.[index] ?? last;
    return { at, y, low: series.min?.[index] ?? y, high: series.max?.[index] ?? y, mark: marks.get(index) ?? null };
  });
}

/** The rows, plus rows at which the last value of a step begins to hold; `until`: end of the newest value. */
export function heldRows(series: Series, step: number, until: number): Row[] {
  const rows = rowsOf(series);
  const held: Row[] = [];
  rows.forEach((row, index) => {
    held.push(row);
    const next = rows[index + 1]?.at ?? until;
    const last = numberOf(series.value[index]);
    if (row.y === null || last === null) return;
    const isStepOver = step > 0 && next > row.at + step * LATE;
    if (isStepOver) held.push(plain(row.at + step, last));
    if (index === rows.length - 1 && next > row.at) held.push(isStepOver ? plain(next, last) : { ...row, at: next });
  });
  return held;
}

/** All series over common times. `now`: latest time at which values hold. */
export function columnsOf(series: readonly Series[], step: number, span: Span, now: number): Columns {
  const all = series.map((one) => heldRows(one, step, Math.min(span.end, now)));
  const at = [...new Set(all.flatMap((rows) => rows.map((row) => row.at)))].sort((one, other) => one - other);
  return { at, columns: all.map((rows) => spread(rows, at)) };
}

/** One series over times that include its own. */
function spread(rows: readonly Row[], at: readonly number[]): Column {
  const column: Column = { y: [], low: [], high: [] };
  let next = 0;
  let row: Row | undefined;
  for (const time of at) {
    while (next < rows.length && (rows[next]?.at ?? Infinity) <= time) row = rows[next++];
    const over = next === rows.length && row !== undefined && row.at < time;
    column.y.push(over ? null : (row?.y ?? null));
    column.low.push(over ? null : (row?.low ?? null));
    column.high.push(over ? null : (row?.high ?? null));
  }
  return column;
}

/** The row that holds at that time: undefined before the first one, in a gap, and after the end. */
export function rowAt(rows: readonly Row[], time: number): Row | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.at ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  const row = rows[low - 1];
  if (!row || row.y === null || (low === rows.length && time > row.at)) return undefined;
  return row;
}

/** Time-weighted mean, lowest and highest value between two times; undefined if there are no values. */
export function summaryOf(rows: readonly Row[], span: Span): { mean: number; low: number; high: number } | undefined {
  let [area, time, low, high] = [0, 0, Infinity, -Infinity];
  rows.forEach((row, index) => {
    const from = Math.max(row.at, span.start);
    const to = Math.min(rows[index + 1]?.at ?? row.at, span.end);
    if (row.y === null || row.at > span.end || (to < from && row.at < span.start)) return;
    area += row.y * Math.max(to - from, 0);
    time += Math.max(to - from, 0);
    low = Math.min(low, row.low ?? row.y);
    high = Math.max(high, row.high ?? row.y);
  });
  if (low > high) return undefined;
  return { mean: time ? area / time : (low + high) / 2, low, high };
}

function plain(at: number, y: number): Row {
  return { at, y, low: y, high: y, mark: null };
}

function numberOf(value: unknown): number | null {
  if (typeof value === "boolean") return value ? 1 : 0;
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
