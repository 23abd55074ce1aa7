import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { shaped } from "./trace";

describe("the line of a number", () => {
  it("starts at zero for quantities with a meaningful zero", () => {
    expect(shaped([0, 50, 100, null], "W")).toEqual([0, 50, 100, null]);
    expect(shaped([-200, 100], "W")).toEqual([-100, 50]);
  });

  it("fills the height for other quantities", () => {
    const [low, high] = shaped([229, 231], "V");
    expect(low).toBeCloseTo(0);
    expect(high).toBeCloseTo(100);
  });

  it("is flat, in the middle, for very small changes", () => {
    const [one, other] = shaped([230, 230.001], "V");
    expect(one).toBeGreaterThan(45);
    expect(other).toBeLessThan(55);
    for (const value of shaped([20, 20], "°C")) expect(value).toBeCloseTo(50);
  });

  it("keeps its gaps, and stays within its height", () => {
    const values = fc.array(fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true })));
    fc.assert(
      fc.property(values, fc.constantFrom("W", "V", "°C", ""), (values, unit) => {
        const line = shaped(values, unit);
        expect(line.map((value) => value === null)).toEqual(values.map((value) => value === null));
        for (const value of line) if (value !== null) expect(Math.abs(value)).toBeLessThanOrEqual(100.001);
      }),
    );
  });
});
