import { describe, expect, it } from "vitest";

import type { CostRow, Costs } from "../../costs/shapes";
import { costBars, heightsOfCosts, isComplete, rankedCosts, shownRows, sumOf } from "./costs";

const row = (kind: CostRow["kind"], id: string, cost: (string | null)[], more: Partial<CostRow> = {}): CostRow =>
  ({
    kind,
    id,
    name: id,
    room: "",
    inside: "",
    cost,
    kWh: cost.map(Number),
    kg: [],
    estimated: [],
    total_cost: "0",
    total_kWh: 3,
    ...more,
  }) as CostRow;
const COSTS = {
  at: [0, 100, 200],
  currency: "EUR",
  digits: 2,
  rows: [
    row("device", "kettle", ["0.10", "0.20"]),
    row("device", "lamp", ["0.05", null], { inside: "kettle" }),
    row("rest", "", ["0.30", "0.10"]),
    row("fixed", "", ["0.45", "0.45"]),
    row("feed_in", "", ["-0.20", "0"]),
    row("total", "", ["0.65", "0.75"]),
  ],
} as unknown as Costs;

describe("costs", () => {
  it("are stacked, what was earned below zero, and nothing is counted twice", () => {
    const { bars, low, high } = costBars(COSTS, shownRows(COSTS, null), "cost");
    expect(bars.filter((bar) => bar.period === 0).map(({ part, to }) => [part, Math.round(to * 100)])).toEqual([
      ["device", 10],
      ["rest", 40],
      ["fixed", 85],
      ["export", -20],
    ]);
    expect([low, Math.round(high * 100)]).toEqual([-0.2, 85]);
    expect(sumOf(COSTS, shownRows(COSTS, null), "cost")).toBeCloseTo(1.4);
    expect(heightsOfCosts(COSTS, shownRows(COSTS, null), "cost").map((one) => Math.round((one ?? 0) * 100))).toEqual([
      85, 75,
    ]);
  });

  it("are summed up to a time, so that like is compared with like", () => {
    expect(sumOf(COSTS, shownRows(COSTS, null), "cost", 100)).toBeCloseTo(0.65);
    expect(sumOf(COSTS, [], "cost")).toBeUndefined();
  });

  it("of a period of which only the standing charges are known are not compared", () => {
    const gap = { ...COSTS, rows: [row("device", "kettle", ["0.10", null]), row("fixed", "", ["0.45", "0.45"])] };
    expect(isComplete(COSTS, shownRows(COSTS, null), "cost")).toBe(true);
    expect(isComplete(gap, shownRows(gap, null), "cost")).toBe(false);
    expect(isComplete(gap, shownRows(gap, null), "cost", 100)).toBe(true);
    expect(isComplete(COSTS, shownRows(COSTS, null), "carbon")).toBe(false);
  });

  it("of chosen devices may be those of a device inside of another one", () => {
    expect(shownRows(COSTS, ["lamp"]).map(({ id }) => id)).toEqual(["lamp"]);
    expect(shownRows(COSTS, ["~rest"]).map(({ kind }) => kind)).toEqual(["rest"]);
  });

  it("are ranked by what was paid; what was earned has no share", () => {
    expect(rankedCosts(COSTS, "cost").map(({ row, share }) => [row.kind, Math.round(share * 100)])).toEqual([
      ["fixed", 56],
      ["rest", 25],
      ["device", 19],
      ["feed_in", 0],
    ]);
  });

  it("have no bars of carbon where it is not known", () => {
    expect(costBars(COSTS, shownRows(COSTS, null), "carbon").bars).toEqual([]);
    expect(sumOf(COSTS, shownRows(COSTS, null), "carbon")).toBeUndefined();
  });
});
