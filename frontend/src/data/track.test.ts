import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { KEEP, Track } from "./track";

function track(...values: [number, number | null][]): Track {
  const made = new Track();
  for (const [at, value] of values) made.add(at, value);
  return made;
}

describe("the recent values of a number", () => {
  it("hold the last value of a point that reports only changes", () => {
    expect(track([0, 5], [100, 7]).evenly(120, 40, 4)).toEqual([5, 5, 5, 7]);
  });

  it("have a gap from the loss of contact to the next value", () => {
    expect(track([0, 5], [50, null], [100, 7]).evenly(120, 20, 7)).toEqual([5, 5, 5, null, null, 7, 7]);
  });

  it("are unknown before the first value", () => {
    expect(track([50, 5]).evenly(60, 20, 4)).toEqual([null, null, null, 5]);
  });

  it("include a reading shortly after the meter's", () => {
    const kettle = track([10.0, 0], [11.2, 1000]);
    expect(kettle.near(11, 2)).toBe(1000);
    expect(kettle.near(10.4, 2)).toBe(0);
    expect(kettle.near(11, 0.1)).toBe(0);
  });

  it("replace a value that is reported again", () => {
    expect(track([1, 5], [1, 6]).value(1)).toBe(6);
  });

  it("are the same for any order of stored and live values", () => {
    const some = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer()), {
      selector: ([at]) => at,
      maxLength: 40,
    });
    fc.assert(
      fc.property(
        some.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, mixed]) => {
          const sorted = [...all].sort(([one], [other]) => one - other);
          expect(track(...mixed).evenly(600, 7, 86)).toEqual(track(...sorted).evenly(600, 7, 86));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("drop values older than the span, but not the one that is still valid", () => {
    const long = new Track();
    long.add(0, 1);
    for (let at = 1000; at <= 1000 + 2 * KEEP; at++) long.add(at, at);
    expect(long.value(1000 + 2 * KEEP)).toBe(1000 + 2 * KEEP);
    expect(long.value(1000 + KEEP)).toBe(1000 + KEEP);
    expect(long.value(1000)).toBeNull();
    const quiet = track([0, 1], [5000, 2]);
    expect(quiet.value(4900)).toBe(1);
  });
});
