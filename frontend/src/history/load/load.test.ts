import { describe, expect, it } from "vitest";

import { boundsOf, loadCsvRows, loadRows, movedShare, reachedIn, type Load, type LoadCurve } from "./load";

const CURVE = {
  device: "",
  share: [0.01, 0.25, 0.5, 1],
  W: [2000, 400, 300, 90],
  known: 1,
  base: null,
} as unknown as LoadCurve;
const EMPTY = { device: "tv", share: [], W: [], known: 0, base: null } as unknown as LoadCurve;
const LOAD = { curves: [CURVE, EMPTY], step: 900 } as unknown as Load;

describe("a load curve", () => {
  it("has the power that is reached in a part of the time", () => {
    expect([0.005, 0.01, 0.02, 0.25, 0.5, 0.51, 1].map((share) => reachedIn(CURVE, share))).toEqual([
      2000, 2000, 400, 400, 300, 90, 90,
    ]);
    expect(reachedIn(EMPTY, 0.5)).toBeUndefined();
  });

  it("is a table of few rows, and a file of all", () => {
    expect(loadRows(LOAD).at(-1)).toEqual({ share: 1, W: [90, undefined] });
    expect(loadCsvRows(LOAD).slice(0, 2)).toEqual([
      ["device", "share", "W"],
      ["home", 0.01, 2000],
    ]);
  });

  it("begins at zero, or below where power went to the grid", () => {
    expect(boundsOf(LOAD)).toEqual([0, 2000]);
    expect(boundsOf({ curves: [{ ...CURVE, W: [500, -900] }] } as unknown as Load)).toEqual([-900, 500]);
  });

  it("is walked along with keys, in finer steps where it is steep", () => {
    expect(movedShare(null, 1)).toBe(0.005);
    expect([movedShare(0.01, 1), movedShare(0.2, 1), movedShare(1, 1), movedShare(0.005, -1)]).toEqual([
      0.015, 0.21, 1, 0.005,
    ]);
  });
});
