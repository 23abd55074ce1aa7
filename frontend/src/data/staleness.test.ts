import { describe, expect, it } from "vitest";

import { staleAfter } from "./staleness";

describe("the time after which a value is old", () => {
  it("is two usual intervals for polled points", () => {
    expect(staleAfter([15, 15.1, 14.9, 15])).toBeCloseTo(31);
  });
  it("is unknown after the first readings", () => {
    expect(staleAfter([15, 15])).toBeUndefined();
  });
  it("is undefined for points that report only changes", () => {
    expect(staleAfter([1, 1, 300, 2, 1, 45])).toBeUndefined();
  });
  it("allows for one missed poll", () => {
    expect(staleAfter([1, 1, 2.1, 1, 1])).toBeCloseTo(3);
  });
});
