import { describe, expect, it } from "vitest";

import { HEIGHT, traceShape } from "./trace";

describe("the chart of a test", () => {
  it("holds each value until the next one, and the last one until now", () => {
    const { line, area } = traceShape(
      [
        [60, 0],
        [80, 2000],
        [90, 0],
      ],
      100,
      "W",
    );
    expect(line).toBe("M0 300H500V27.3H750V300H1000");
    expect(area.endsWith(`V${HEIGHT}H0Z`)).toBe(true);
  });
  it("begins with the value that held at its left edge, and forgets those before", () => {
    expect(
      traceShape(
        [
          [1, 900],
          [20, 10],
          [90, 10],
        ],
        100,
        "W",
      ).line,
    ).toMatch(/^M0 /);
    expect(traceShape([[1, 5]], 1000, "W").line).toMatch(/^M0 .*H1000$/);
  });
  it("has the unit on the top line only, and zero at the bottom", () => {
    const { ticks } = traceShape([[60, 1980]], 100, "W");
    expect(ticks.map((one) => one.text)).toEqual(["2 kW", "1", "0"]);
    expect(ticks.at(-1)?.top).toBe(100);
  });
  it("follows a temperature closely", () => {
    const { ticks, line } = traceShape(
      [
        [60, 21],
        [70, 21.4],
      ],
      100,
      "°C",
      false,
    );
    expect(ticks.every((one) => one.top >= 0 && one.top <= 100)).toBe(true);
    expect(line).not.toContain("NaN");
  });
  it("is empty without values", () => {
    expect(traceShape([], 100, "W").line).toBe("");
  });
});
