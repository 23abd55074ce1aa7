import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { KEEP, Track } from "./track";

function track(...values: [number, number | null][]): Track {
  const made = new Track();
  for (const [at, value] of values) made.add(at, value);
  return made;
}

describe("the last minutes of a number", () => {
  it("hold the last value of what speaks only on change", () => {
    expect(track([0, 5], [100, 7]).evenly(120, 40, 4)).toEqual([5, 5, 5, 7]);
  });

  it("have a gap from when the device fell silent to its next value", () => {
    expect(track([0, 5], [50, null], [100, 7]).evenly(120, 20, 7)).toEqual([5, 5, 5, null, null, 7, 7]);
  });

  it("know nothing of the time before the first value", () => {
    expect(track([50, 5]).evenly(60, 20, 4)).toEqual([null, null, null, 5]);
  });

  it("take a reading that comes just after the meter's for the meter's time", () => {
    const kettle = track([10.0, 0], [11.2, 1000]);
    expect(kettle.near(11, 2)).toBe(1000);
    expect(kettle.near(10.4, 2)).toBe(0);
    expect(kettle.near(11, 0.1)).toBe(0);
  });

  it("end with the value of the day after a reading that is told again", () => {
    expect(track([1, 5], [1, 6]).value(1)).toBe(6);
  });

  it("come out the same in whatever order the store and the wire tell them", () => {
    const some = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer()), { selector: ([at]) => at, maxLength: 40 });
    fc.assert(
      fc.property(some.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))), ([all, mixed]) => {
        const sorted = [...all].sort(([one], [other]) => one - other);
        expect(track(...mixed).evenly(600, 7, 86)).toEqual(track(...sorted).evenly(600, 7, 86));
      }),
      { numRuns: 100 },
    );
  });

  it("forget what is older than is shown, but not the value that still holds", () => {
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
