import { describe, expect, it } from "vitest";

import type { Device } from "../../data/shapes";
import { bodyOf, fieldTime, isCounter, rangesOf, timeOfField, type Draft, type HistoryEdit } from "./edits";

const device = {
  id: "plug",
  points: [
    { key: "power_W", kind: "number", unit: "W" },
    { key: "energy_import_Wh", kind: "counter", unit: "Wh" },
    { key: "on", kind: "switch", unit: "" },
  ],
} as unknown as Device;
const draft: Draft = {
  point: "power_W",
  from: "2026-11-20T08:00",
  to: "2026-11-20T09:30",
  how: "void",
  value: "",
  reason: " loose ",
};
const ZONE = "Europe/Madrid";

describe("an edit of the history", () => {
  it("has times of the hub's zone", () => {
    const at = timeOfField("2026-11-20T08:00", ZONE);
    expect(at).toBe(Date.parse("2026-11-20T07:00:00Z") / 1000);
    expect(fieldTime(at ?? 0, ZONE)).toBe("2026-11-20T08:00");
    expect(timeOfField("soon", ZONE)).toBeUndefined();
  });

  it("is void, or has exactly one value", () => {
    expect(bodyOf(draft, device, ZONE, false)).toMatchObject({ action: "void", reason: "loose", point: "power_W" });
    expect(bodyOf({ ...draft, how: "value", value: "1,5" }, device, ZONE, false)).toMatchObject({
      action: "edit",
      value: 1.5,
    });
    expect(
      bodyOf({ ...draft, point: "energy_import_Wh", how: "value", value: "1.2" }, device, ZONE, false),
    ).toMatchObject({ energy_Wh: 1200 });
    expect(bodyOf({ ...draft, point: "on", how: "value", value: "on" }, device, ZONE, false)).toMatchObject({
      value: true,
    });
    expect(bodyOf({ ...draft, how: "estimate" }, device, ZONE, false)).toMatchObject({ estimate: true });
  });

  it("says what is missing", () => {
    expect(bodyOf({ ...draft, to: draft.from }, device, ZONE, false)).toBe("edits.no_range");
    expect(bodyOf({ ...draft, reason: " " }, device, ZONE, false)).toBe("edits.no_reason");
    expect(bodyOf({ ...draft, reason: " " }, device, ZONE, true)).toMatchObject({ dry_run: true });
    expect(bodyOf({ ...draft, how: "value", value: "much" }, device, ZONE, false)).toBe("edits.no_value");
  });

  it("marks the ranges of its points, unless it is undone", () => {
    const edit = {
      point: "power_W",
      start: "2026-11-20T07:00:00Z",
      end: "2026-11-20T08:00:00Z",
      undone_at: "",
    } as HistoryEdit;
    expect(isCounter(device, "energy_import_Wh")).toBe(true);
    expect(rangesOf([edit, { ...edit, undone_at: "x" }, { ...edit, point: "on" }], new Set(["power_W"]))).toHaveLength(
      1,
    );
    expect(rangesOf(undefined, new Set())).toEqual([]);
  });
});
