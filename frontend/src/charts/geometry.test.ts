import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { apart, heightsOf, pinched } from "./geometry";

describe("labels at the ends of lines", () => {
  it("are at the ends of their lines if there is space", () => {
    expect(apart([100, 20], 16, 0, 200)).toEqual([100, 20]);
  });

  it("never overlap or leave the chart, and keep the order of their lines", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 350, noNaN: true }), { maxLength: 10 }), (wanted) => {
        const tops = apart(wanted, 16, 0, 300);
        const order = wanted.map((_, index) => index).sort((one, other) => wanted[one]! - wanted[other]!);
        order.forEach((index, place) => {
          expect(tops[index]).toBeGreaterThanOrEqual(8 - 1e-6);
          expect(tops[index]).toBeLessThanOrEqual(292 + 1e-6);
          if (place) expect(tops[index]! - tops[order[place - 1]!]!).toBeGreaterThanOrEqual(16 - 1e-6);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe("two fingers", () => {
  const span = { start: 1000, end: 2000 };

  it("keep the times under them", () => {
    const { start, end } = pinched({ left: 100, right: 200, span }, { left: 50, right: 250 }, 500);
    const under = (px: number) => start + (px / 500) * (end - start);
    expect(under(50)).toBeCloseTo(1200);
    expect(under(250)).toBeCloseTo(1400);
  });

  it("move the span when moved together", () => {
    expect(pinched({ left: 100, right: 200, span }, { left: 150, right: 250 }, 500)).toEqual({ start: 900, end: 1900 });
  });
});

describe("the value range of a chart", () => {
  it("includes 0 if it is meaningful, with a margin above", () => {
    const [low, high] = heightsOf(100, 200, true);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(200);
    expect(heightsOf(228, 232, false)[0]).toBeGreaterThan(227);
  });

  it("includes negative values", () => {
    expect(heightsOf(-500, -100, true)).toEqual([expect.any(Number), 0]);
    expect(heightsOf(-500, -100, true)[0]).toBeLessThan(-500);
  });

  it("is never empty", () => {
    for (const fromZero of [true, false])
      for (const [low, high] of [
        [0, 0],
        [5, 5],
        [null, null],
      ] as const) {
        const [from, to] = heightsOf(low, high, fromZero);
        expect(to).toBeGreaterThan(from);
      }
  });
});
