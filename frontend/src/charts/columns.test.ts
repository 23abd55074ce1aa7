import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Series } from "../data/shapes";
import { columnsOf, heldRows, rowAt, rowsOf, summaryOf } from "./columns";

const DAY = { start: 0, end: 1000 };

function raw(at: number[], value: Series["value"], more: Partial<Series> = {}): Series {
  return {
    device: "kettle",
    point: "power_W",
    unit: "W",
    kind: "number",
    exponent: -1,
    at,
    value,
    min: null,
    mean: null,
    max: null,
    marks: [],
    ...more,
  };
}

describe("series side by side", () => {
  it("hold their values between their own times, and keep gaps at the times of others", () => {
    const kettle = raw([0, 20, 30], [1, 3, null]);
    const fridge = raw([10, 40], [80, 79]);
    const { at, columns } = columnsOf([kettle, fridge], 0, DAY, 40);
    expect(at).toEqual([0, 10, 20, 30, 40]);
    expect(columns[0]!.y).toEqual([1, 1, 3, null, null]);
    expect(columns[1]!.y).toEqual([null, 80, 80, 80, 79]);
  });

  it("hold until now at most, and never beyond the span", () => {
    expect(columnsOf([raw([0], [5])], 0, DAY, 60)).toMatchObject({ at: [0, 60], columns: [{ y: [5, 5] }] });
    expect(columnsOf([raw([0], [5])], 0, DAY, 5000).at).toEqual([0, 1000]);
  });

  it("do not hold past now next to one whose clock is ahead", () => {
    const { at, columns } = columnsOf([raw([0], [5]), raw([70], [1])], 0, DAY, 60);
    expect(at).toEqual([0, 60, 70]);
    expect(columns[0]!.y).toEqual([5, 5, null]);
  });

  it("do not hold past a gap", () => {
    expect(columnsOf([raw([0, 10], [5, null])], 0, DAY, 60)).toMatchObject({
      at: [0, 10],
      columns: [{ y: [5, null] }],
    });
  });

  it("that are condensed have means and a band, and hold the last value after a step", () => {
    const series = raw([0, 60, 240], [9, 4, 7], { mean: [5, 6, 7], min: [1, 2, 3], max: [9, 8, 7] });
    const { at, columns } = columnsOf([series], 60, DAY, 260);
    expect(at).toEqual([0, 60, 120, 240, 260]);
    expect(columns[0]!.y).toEqual([5, 6, 4, 7, 7]);
    expect(columns[0]!.low).toEqual([1, 2, 4, 3, 3]);
    expect(columns[0]!.high).toEqual([9, 8, 4, 7, 7]);
  });

  it("of days are not interrupted by a day of 25 hours", () => {
    const series = raw([0, 90_000], [1, 2], { mean: [1, 2], min: [1, 2], max: [1, 2] });
    expect(columnsOf([series], 86_400, { start: 0, end: 200_000 }, 100_000).at).toEqual([0, 90_000, 100_000]);
  });

  it("of text are empty; switches are 0 and 1", () => {
    expect(rowsOf(raw([0, 1], ["open", "shut"])).map((row) => row.y)).toEqual([null, null]);
    expect(rowsOf(raw([0, 1], [true, false])).map((row) => row.y)).toEqual([1, 0]);
  });

  it("are empty without rows", () => {
    expect(columnsOf([raw([], [])], 0, DAY, 100)).toEqual({ at: [], columns: [{ y: [], low: [], high: [] }] });
  });

  it("keep every value at its time, whatever the times of the others", () => {
    const times = fc
      .uniqueArray(fc.integer({ min: 0, max: 900 }), { maxLength: 30 })
      .map((all) => all.sort((a, b) => a - b));
    const oneSeries = times.chain((at) =>
      fc.array(fc.option(fc.integer()), { minLength: at.length, maxLength: at.length }).map((value) => raw(at, value)),
    );
    fc.assert(
      fc.property(fc.array(oneSeries, { maxLength: 4 }), (all) => {
        const { at, columns } = columnsOf(all, 0, DAY, 950);
        for (const [index, time] of at.entries()) if (index) expect(time).toBeGreaterThan(at[index - 1]!);
        all.forEach((series, which) => {
          const rows = heldRows(series, 0, 950);
          const { y } = columns[which]!;
          for (const [index, time] of series.at.entries()) expect(y[at.indexOf(time)]).toBe(series.value[index]);
          for (const [index, time] of at.entries()) expect(rowAt(rows, time)?.y ?? null).toBe(y[index]);
        });
      }),
      { numRuns: 100 },
    );
  });
});

describe("the row at a time", () => {
  const rows = heldRows(raw([10, 20, 30, 40], [1, 2, null, 4], { marks: [[1, "estimated", ["clock"]]] }), 0, 45);

  it("is the one that is valid then", () => {
    expect(rowAt(rows, 15)?.y).toBe(1);
    expect(rowAt(rows, 20)).toMatchObject({ y: 2, mark: { quality: "estimated", flags: ["clock"] } });
    expect(rowAt(rows, 44)?.y).toBe(4);
  });

  it("is undefined before the first one, in a gap and after the last one", () => {
    for (const time of [9, 30, 35, 46]) expect(rowAt(rows, time)).toBeUndefined();
  });
});

describe("a summary", () => {
  it("is the mean over time, not over rows", () => {
    expect(summaryOf(heldRows(raw([0, 90], [0, 100]), 0, 100), { start: 0, end: 100 })).toEqual({
      mean: 10,
      low: 0,
      high: 100,
    });
  });

  it("excludes gaps and values outside the span", () => {
    const rows = heldRows(raw([0, 10, 50], [4, null, 900]), 0, 60);
    expect(summaryOf(rows, { start: 0, end: 40 })).toEqual({ mean: 4, low: 4, high: 4 });
    expect(summaryOf(rows, { start: 20, end: 40 })).toBeUndefined();
  });

  it("of a condensed series takes its peaks from the band", () => {
    const series = raw([0, 60], [9, 4], { mean: [5, 7], min: [1, 2], max: [9, 12] });
    expect(summaryOf(heldRows(series, 60, 120), { start: 0, end: 120 })).toEqual({ mean: 6, low: 1, high: 12 });
  });
});
