import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { assigned, COLOURS } from "./palette";

const someIds = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_]{1,12}$/), { maxLength: COLOURS });

describe("the colours of devices", () => {
  it("are all different if there are enough", () => {
    fc.assert(fc.property(someIds, (ids) => new Set(assigned(ids).values()).size === ids.length), { numRuns: 200 });
  });

  it("do not depend on the order of the devices", () => {
    fc.assert(fc.property(someIds, (ids) => {
        expect(assigned([...ids].reverse())).toEqual(assigned(ids));
      }), { numRuns: 100 });
  });

  it("are the four pure ones first", () => {
    expect([...assigned(["kettle", "fridge", "tv", "pump"]).values()].sort()).toEqual([0, 1, 2, 3]);
  });

  it("repeat if there are more devices than colours", () => {
    const many = assigned(Array.from({ length: 40 }, (_, index) => `device_${index}`));
    expect([...many.values()].every((slot) => slot >= 0 && slot < COLOURS)).toBe(true);
  });
});
