import { expect, test } from "vitest";

import { keepsText, stateText } from "./retention";

test("how long something is kept is said in words", () => {
  expect(["1 year", "6 months", "90 days", "forever"].map(keepsText)).toEqual([
    "1 year",
    "6 months",
    "90 days",
    "for ever",
  ]);
});

test("what will be deleted, and from when on", () => {
  const span = {
    name: "raw" as const,
    keeps: "1 year",
    since: null,
    rows: 0,
    bytes: 0,
    before: null,
    frees_rows: 0,
    frees_bytes: 0,
    next: null,
    gone: null,
  };
  const rule = {
    device: "",
    point: "",
    devices: 1,
    points: 1,
    has_energy: false,
    spans: [span, { ...span, next: "2027-03-01T00:00:00.000Z" }],
  };
  const view = {
    state: "idle" as const,
    begins: null,
    rules: [rule],
    others: null,
    bytes: 1,
    free_bytes: 0,
    frees_bytes: 3_000_000,
  };
  expect(stateText(view)).toBe("Nothing is old enough to be deleted now. The first values are deleted on 1 Mar 2027.");
  expect(stateText({ ...view, state: "due" })).toMatch(/^About 3\.0 MB of old values will be deleted/);
  expect(stateText({ ...view, state: "announced", begins: "2027-03-01T00:00:00.000Z" })).toMatch(
    /^From .*about 3\.0 MB of old values are deleted/,
  );
  expect(stateText({ ...view, state: "off" })).toBe("Every value as it was measured, for ever");
});
