import { describe, expect, it } from "vitest";

import { staleAfter } from "./staleness";

describe("how soon a value is old", () => {
  it("is after two usual intervals of what is polled", () => {
    expect(staleAfter([15, 15.1, 14.9, 15])).toBeCloseTo(31);
  });
  it("is not known after the first readings", () => {
    expect(staleAfter([15, 15])).toBeUndefined();
  });
  it("is never for what speaks only when something changes", () => {
    expect(staleAfter([1, 1, 300, 2, 1, 45])).toBeUndefined();
  });
  it("forgives one poll that was missed", () => {
    expect(staleAfter([1, 1, 2.1, 1, 1])).toBeCloseTo(3);
  });
});
