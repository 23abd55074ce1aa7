import { describe, expect, it } from "vitest";

import { balanceOf, percentText } from "./balance";
import type { Totals } from "./energy";

const totals = (more: Partial<Totals>): Totals => ({
  import: 459,
  export: 45,
  produced: 190,
  used: 604,
  estimated: false,
  isKnown: true,
  each: [],
  ...more,
});

describe("own production", () => {
  it("is used here, or given to the grid", () => {
    const found = balanceOf(totals({}))!;
    expect(found.kept).toBe(145);
    expect(found.consumption).toBeCloseTo(145 / 190);
    expect(found.sufficiency).toBeCloseTo(145 / 604);
  });

  it("is not judged without a meter, without production, or without use", () => {
    expect(balanceOf(totals({ import: undefined }))).toBeUndefined();
    expect(balanceOf(totals({ produced: 4 }))).toBeUndefined();
    expect(balanceOf(totals({ used: 0 }))).toBeUndefined();
  });

  it("is never used more than it is, whatever the counters say", () => {
    expect(balanceOf(totals({ export: 200 }))).toMatchObject({ kept: 0, consumption: 0, sufficiency: 0 });
    expect(balanceOf(totals({ used: 100 }))!.sufficiency).toBe(1);
  });

  it("has shares that are whole, but 0 % and 100 % only if they are", () => {
    expect([0, 0.001, 0.264, 0.999, 1].map(percentText)).toEqual(["0 %", "< 1 %", "26 %", "99 %", "100 %"]);
  });
});
