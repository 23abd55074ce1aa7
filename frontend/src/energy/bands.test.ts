import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { flowsOf, planOf } from "./flows";
import { areaPath, columnsOf, linePath, rounded, stacked } from "./bands";
import { device } from "../devices/testing";

const HOME = planOf([
  device("meter", { points: ["power_W", "energy_export_Wh"] }),
  device("kettle", { parent: "meter", points: ["power_W"] }),
  device("roof", { parent: "meter", points: ["power_W"], produces: true }),
]);

function columns(...moments: Record<string, number>[]) {
  return columnsOf(
    moments.map((_, index) => index),
    (at) => flowsOf(HOME, (id) => moments[at]?.[id]),
  );
}

describe("the columns of the last minutes", () => {
  it("have a band for each use and each source, in the order devices, rest, export", () => {
    const found = columns({ meter: 100, kettle: 60, roof: 0 }, { meter: -40, kettle: 60, roof: 120 });
    expect(found.uses.map(({ key, values }) => [key, values])).toEqual([
      ["device kettle", [60, 60]],
      ["rest ", [40, 20]],
      ["export ", [null, 40]],
    ]);
    expect(found.sources.map(({ key, values }) => [key, values])).toEqual([
      ["grid ", [100, null]],
      ["device roof", [0, 120]],
    ]);
    expect([found.low, found.high]).toEqual([-40, 120]);
  });

  it("show export below zero", () => {
    const { uses } = columns({ meter: -40, kettle: 60, roof: 120 });
    expect(stacked(uses).map(({ band, low, high }) => [band.kind, low, high])).toEqual([
      ["device", [0], [60]],
      ["rest", [60], [80]],
      ["export", [0], [-40]],
    ]);
  });

  it("keep gaps where a device was not reachable", () => {
    const found = columns({ meter: 100, kettle: 60 }, { meter: 100 }, { meter: 100, kettle: 60 });
    expect(found.uses[0]?.values).toEqual([60, null, 60]);
  });

  it("add up to the sum of all sources", () => {
    const power = fc.double({ min: 0, max: 5000, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: -5000, max: 5000, noNaN: true }), power, power, (meter, kettle, roof) => {
        const { uses, sources } = columns({ meter, kettle, roof });
        const tops = stacked(uses)
          .filter(({ band }) => band.kind !== "export")
          .map(({ high }) => high[0] ?? 0);
        const given = uses.find((band) => band.kind === "export")?.values[0] ?? 0;
        const total = sources.reduce((sum, band) => sum + (band.values[0] ?? 0), 0);
        expect(Math.max(0, ...tops) + given).toBeCloseTo(total, 3);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the axis", () => {
  it("changes in few steps", () => {
    expect([0, 7, 101, 150, 1240, 3100, 9900].map(rounded)).toEqual([0, 8, 120, 150, 1500, 4000, 10000]);
  });

  it("is never below the values, nor more than twice as high", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (W) => rounded(W) >= W - 1e-6 && rounded(W) <= 2 * W + 1e-6,
      ),
    );
  });
});

describe("a path", () => {
  const x = (index: number) => index;
  const y = (W: number) => W;
  it("is interrupted by a gap", () => {
    expect(linePath([1, 2, null, 4], x, y)).toBe("M0 1L1 2M3 4");
    expect(areaPath([0, 0, 0, 0], [1, 2, null, 4], x, y)).toBe("M0 1L1 2L1 0L0 0ZM3 4L3 0Z");
  });
});
