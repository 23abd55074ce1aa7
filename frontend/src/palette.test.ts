import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { assigned, COLOURS } from "./palette";

const someIds = fc.uniqueArray(fc.stringMatching(/^[a-z0-9_]{1,12}$/), { maxLength: COLOURS });

describe("the colours of devices", () => {
  it("are all different while there are enough", () => {
    fc.assert(fc.property(someIds, (ids) => new Set(assigned(ids).values()).size === ids.length), { numRuns: 200 });
  });

  it("do not depend on the order in which devices are told", () => {
    fc.assert(fc.property(someIds, (ids) => {
        expect(assigned([...ids].reverse())).toEqual(assigned(ids));
      }), { numRuns: 100 });
  });

  it("are the four clear ones first", () => {
    expect([...assigned(["kettle", "fridge", "tv", "pump"]).values()].sort()).toEqual([0, 1, 2, 3]);
  });

  it("begin again where there are more devices than colours", () => {
    const many = assigned(Array.from({ length: 40 }, (_, index) => `device_${index}`));
    expect([...many.values()].every((slot) => slot >= 0 && slot < COLOURS)).toBe(true);
  });
});
