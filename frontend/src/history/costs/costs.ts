/**
 * Costs, or carbon dioxide, of each period as bars: devices, on top of them what no device measures and what does not
 * depend on the use; below zero what was earned. Pure.
 *
 *     ▒▒ standing charges
 *     ░░ everything else          Rows inside of others are part of those, and only shown where they are chosen.
 *     ██ kettle
 *     ── 0 ──
 *     ▓▓ fed in
 */
import type { CostRow, Costs } from "../../costs/shapes";
import { numberOf } from "../../costs/money";
import type { Bar, Bars, Part } from "../energy";
import { REST } from "../view";

export type Money = "cost" | "carbon";

/** The rows to show: all that add up to the total, or those of the chosen devices. */
export function shownRows(costs: Costs, chosen: readonly string[] | null): CostRow[] {
  if (chosen === null) return costs.rows.filter((row) => row.kind !== "total" && !row.inside);
  return costs.rows.filter((row) =>
    row.kind === "device" ? chosen.includes(row.id) : row.kind === "rest" && chosen.includes(REST),
  );
}

/** The value of a row in a period; undefined where it is not known. */
export function valueIn(row: CostRow, money: Money, period: number): number | undefined {
  return numberOf(money === "cost" ? row.cost[period] : row.kg?.[period]);
}

const PARTS: Readonly<Record<CostRow["kind"], Part>> = {
  device: "device",
  rest: "rest",
  fixed: "fixed",
  feed_in: "export",
  total: "rest",
};
const ORDER: readonly CostRow["kind"][] = ["device", "rest", "fixed", "feed_in", "total"];

export function partOf(row: CostRow): Part {
  return PARTS[row.kind];
}

export function costBars(costs: Costs, rows: readonly CostRow[], money: Money): Bars {
  const ordered = [...rows].sort((one, other) => ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind));
  const bars: Bar[] = [];
  for (let period = 0; period < costs.at.length - 1; period++) {
    let [height, depth] = [0, 0];
    for (const row of ordered) {
      const value = valueIn(row, money, period);
      if (!value) continue;
      const from = value > 0 ? height : depth;
      const to = from + value;
      if (value > 0) height = to;
      else depth = to;
      bars.push({
        part: partOf(row),
        device: row.kind === "device" ? row.id : "",
        period,
        from,
        to,
        slot: 0,
        estimated: row.estimated?.[period] ?? false,
      });
    }
  }
  const ends = bars.map(({ to }) => to);
  return { bars, slots: 1, low: Math.min(0, ...ends), high: Math.max(0, ...ends) };
}

/** The sum of rows over the periods that are over by `end`; undefined where nothing is known. */
export function sumOf(costs: Costs, rows: readonly CostRow[], money: Money, end = Infinity): number | undefined {
  let found: number | undefined;
  for (const row of rows)
    for (let period = 0; period < costs.at.length - 1 && (costs.at[period + 1] ?? Infinity) <= end; period++) {
      const value = valueIn(row, money, period);
      if (value !== undefined) found = (found ?? 0) + value;
    }
  return found;
}

/** Whether something that depends on the use is known of each period that is over by `end`: only then is it compared. */
export function isComplete(costs: Costs, rows: readonly CostRow[], money: Money, end = Infinity): boolean {
  const used = rows.filter((row) => row.kind !== "fixed");
  const isKnown = (period: number) => used.some((row) => valueIn(row, money, period) !== undefined);
  return costs.at.slice(1).every((at, period) => at > end || isKnown(period));
}

/** Each period's sum; undefined where nothing is known. */
export function heightsOfCosts(costs: Costs, rows: readonly CostRow[], money: Money): (number | undefined)[] {
  return costs.at.slice(1).map((_, period) => {
    const values = rows.map((row) => valueIn(row, money, period)).filter((value) => value !== undefined);
    return values.length ? values.reduce((sum, value) => sum + Math.max(value, 0), 0) : undefined;
  });
}

/** A row of the ranking. `share`: of all that is paid; `length`: of its bar, 0 to 1. */
export type RankedCost = Readonly<{ row: CostRow; value: number; share: number; length: number }>;

export function rankedCosts(costs: Costs, money: Money): RankedCost[] {
  const rows = shownRows(costs, null).map((row) => ({ row, value: sumOf(costs, [row], money) ?? 0 }));
  const paid = rows.reduce((sum, { value }) => sum + Math.max(value, 0), 0);
  const most = Math.max(0, ...rows.map(({ value }) => Math.abs(value)));
  return rows
    .filter(({ row, value }) => value !== 0 || row.kind === "device")
    .sort((one, other) => other.value - one.value)
    .map(({ row, value }) => ({
      row,
      value,
      share: value > 0 && paid ? value / paid : 0,
      length: most ? Math.abs(value) / most : 0,
    }));
}

/** The energy of rows, kWh. */
export function energyOfRows(rows: readonly CostRow[]): number {
  return rows.reduce((sum, row) => sum + (row.kind === "feed_in" ? 0 : row.total_kWh), 0);
}
