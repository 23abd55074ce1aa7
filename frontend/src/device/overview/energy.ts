/** Energy of a device today, this month and this year, from the hub's counters. Pure. */
import type { Energy } from "../../data/shapes";
import { instantOf, wallOf } from "../../time/calendar";

export type Sums = { month: number | undefined; year: number | undefined };

/** The beginning of the local year, Unix seconds. */
export function yearStart(now: number, zone: string): number {
  return instantOf({ year: wallOf(now, zone).year, month: 1, day: 1 }, zone);
}

/** The sums of a counter from an answer with a row for each month of the year; what is not known is left out. */
export function sumsOf(energy: Energy | undefined, point: string): Sums {
  const months = energy?.rows.find((row) => row.point === point)?.Wh ?? [];
  const known = months.filter((Wh) => Wh !== null);
  return { month: months.at(-1) ?? undefined, year: known.length ? known.reduce((sum, Wh) => sum + Wh, 0) : undefined };
}
