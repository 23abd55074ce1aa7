/**
 * Energy of each hour of a month or a year, by day and hour of the day. Pure.
 *
 *     hour 0 │ ▒▒▒▒▒▒        a cell: what was used in that hour, or came from the grid; or, where that is more,
 *            │ ░░██░░               what went to the grid. A day of 25 hours adds two hours up in one cell;
 *         23 │ ▒▒▒▒▒▒               of one with 23 hours a cell is empty.
 *              1 Jan … 31 Dec
 */
import type { Device, Energy } from "../../data/shapes";
import { planOf } from "../../energy/flows";
import { firstOf, instantOf, plusDays, shifted, wallOf, type Day, type Range } from "../../time/calendar";
import type { CostRow, Costs } from "../../costs/shapes";
import { valueIn, type Money } from "../costs/costs";
import { barsOf, EXPORT, heightsOf, IMPORT } from "../energy";

export const HOURS_A_DAY = 24;
export const SHADES = 12;

/** Wh of one hour. */
export type Cell = Readonly<{ use: number; given: number; estimated: boolean }>;

/** `cells`: by day, then by hour; undefined: not known. `mostUse`, `mostGiven`: the largest cells. */
export type Heat = Readonly<{
  first: Day;
  days: number;
  cells: readonly (Cell | undefined)[];
  mostUse: number;
  mostGiven: number;
  use: number;
  given: number;
  hasMeter: boolean;
}>;

export function heatOf(energy: Energy, devices: readonly Device[], range: Range, on: Day): Heat {
  return heatFrom(energy, hoursOf(energy, devices), range, on);
}

/** The same of costs, or of carbon dioxide: what was paid, and what was earned. Standing charges are of no hour. */
export function heatOfCosts(costs: Costs, rows: readonly CostRow[], money: Money, range: Range, on: Day): Heat {
  const counted = rows.filter((row) => row.kind !== "fixed");
  const of = (period: number): Cell | undefined => {
    const values = counted.map((row) => valueIn(row, money, period)).filter((value) => value !== undefined);
    if (!values.length) return undefined;
    const sum = (sign: number) => values.reduce((total, value) => total + Math.max(sign * value, 0), 0);
    return { use: sum(1), given: sum(-1), estimated: false };
  };
  return heatFrom(costs, { hasMeter: false, of }, range, on);
}

type Hours = Readonly<{ hasMeter: boolean; of: (period: number) => Cell | undefined }>;

function heatFrom(energy: Pick<Energy, "at" | "timezone">, hours: Hours, range: Range, on: Day): Heat {
  const zone = energy.timezone;
  const first = firstOf(range, on);
  const end = shifted(range, on, 1);
  const days = Math.round(
    (Date.UTC(end.year, end.month - 1, end.day) - Date.UTC(first.year, first.month - 1, first.day)) / 86_400_000,
  );
  const cells = Array.from({ length: days * HOURS_A_DAY }, (): Cell | undefined => undefined);
  let [mostUse, mostGiven, use, given] = [0, 0, 0, 0];
  eachHour(energy, first, days, zone, (period, place) => {
    const one = hours.of(period);
    if (!one) return;
    const old = cells[place];
    const cell = {
      use: one.use + (old?.use ?? 0),
      given: one.given + (old?.given ?? 0),
      estimated: one.estimated || (old?.estimated ?? false),
    };
    cells[place] = cell;
    mostUse = Math.max(mostUse, cell.use);
    mostGiven = Math.max(mostGiven, cell.given);
    use += one.use;
    given += one.given;
  });
  return { first, days, cells, mostUse, mostGiven, use, given, hasMeter: hours.hasMeter };
}

/** The shade of a cell, 1 to SHADES; 0: nothing was used or given. The larger of both counts. */
export function shadeOf(cell: Cell, heat: Heat): { isGiven: boolean; shade: number } {
  const isGiven = cell.given > cell.use;
  const [Wh, most] = isGiven ? [cell.given, heat.mostGiven] : [cell.use, heat.mostUse];
  return { isGiven, shade: most > 0 && Wh > 0 ? Math.max(1, Math.ceil((Wh / most) * SHADES)) : 0 };
}

/** The mean of each hour of the day in each month, Wh: what the table shows. undefined: no hour of it is known. */
export function meansOf(heat: Heat): { months: Day[]; use: (number | undefined)[][]; given: (number | undefined)[][] } {
  const months: Day[] = [];
  const sums: { use: number[]; given: number[]; count: number[] }[] = [];
  for (let day = 0; day < heat.days; day++) {
    const date = plusDays(heat.first, day);
    if (!months.length || date.day === 1) {
      months.push({ ...date, day: 1 });
      sums.push({ use: zeros(), given: zeros(), count: zeros() });
    }
    const sum = sums.at(-1);
    for (let hour = 0; hour < HOURS_A_DAY; hour++) {
      const cell = heat.cells[day * HOURS_A_DAY + hour];
      if (!cell || !sum) continue;
      sum.use[hour] = (sum.use[hour] ?? 0) + cell.use;
      sum.given[hour] = (sum.given[hour] ?? 0) + cell.given;
      sum.count[hour] = (sum.count[hour] ?? 0) + 1;
    }
  }
  const mean = (which: "use" | "given") =>
    sums.map((sum) => sum[which].map((Wh, hour) => (sum.count[hour] ? Wh / sum.count[hour] : undefined)));
  return { months, use: mean("use"), given: mean("given") };
}

/** The cell `by` days and hours from another one, within the map. */
export function movedCell(heat: Heat, place: number, days: number, hours: number): number {
  const clamp = (value: number, most: number) => Math.min(Math.max(value, 0), most - 1);
  const day = clamp(Math.floor(place / HOURS_A_DAY) + days, heat.days);
  return day * HOURS_A_DAY + clamp((place % HOURS_A_DAY) + hours, HOURS_A_DAY);
}

/** The day and the hour of a cell. */
export function cellTime(heat: Heat, place: number): { day: Day; hour: number } {
  return { day: plusDays(heat.first, Math.floor(place / HOURS_A_DAY)), hour: place % HOURS_A_DAY };
}

/** The hours that the heat map needs: of the meters where there are any, else of all devices. */
export function askedOf(devices: readonly Device[]): Device[] {
  const { meters } = planOf(devices);
  return meters.size ? devices.filter((one) => meters.has(one.id)) : [...devices];
}

function hoursOf(energy: Energy, devices: readonly Device[]): Hours {
  const { meters } = planOf(devices);
  const rows = energy.rows.filter((row) => row.point === IMPORT || row.point === EXPORT);
  if (meters.size) {
    const mine = rows.filter((row) => meters.has(row.device));
    return { hasMeter: true, of: (period: number) => added(mine, period) };
  }
  const heights = heightsOf(energy, barsOf(energy, devices, "stacked"));
  return {
    hasMeter: false,
    of: (period: number): Cell | undefined => {
      const known = added(rows, period);
      return known && { use: heights[period] ?? 0, given: 0, estimated: known.estimated };
    },
  };
}

/** What the counters counted in a period; undefined if none of them is known. */
function added(rows: Energy["rows"], period: number): Cell | undefined {
  let found: { use: number; given: number; estimated: boolean } | undefined;
  for (const row of rows) {
    const Wh = row.Wh[period];
    if (Wh === null || Wh === undefined) continue;
    found ??= { use: 0, given: 0, estimated: false };
    found[row.point === EXPORT ? "given" : "use"] += Wh;
    found.estimated ||= row.estimated[period] ?? false;
  }
  return found;
}

/**
 * Each hour of the answer with its place in the map. Days of 24 hours need one conversion, others one for each hour.
 */
function eachHour(
  energy: Pick<Energy, "at">,
  first: Day,
  days: number,
  zone: string,
  visit: (period: number, place: number) => void,
): void {
  let period = 0;
  let begin = instantOf(first, zone);
  for (let day = 0; day < days; day++) {
    const end = instantOf(plusDays(first, day + 1), zone);
    while (period < energy.at.length - 1 && (energy.at[period] ?? end) < begin) period++;
    for (; period < energy.at.length - 1 && (energy.at[period] ?? end) < end; period++) {
      const at = energy.at[period] ?? begin;
      const hour = end - begin === 86_400 ? Math.floor((at - begin) / 3600) : wallOf(at, zone).hour;
      visit(period, day * HOURS_A_DAY + hour);
    }
    begin = end;
  }
}

function zeros(): number[] {
  return Array.from({ length: HOURS_A_DAY }, () => 0);
}
