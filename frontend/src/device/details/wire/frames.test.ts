import { describe, expect, it } from "vitest";

import type { WireLine } from "../../../data/shapes";
import { asJson, filteredLines, hexText, partsOf } from "./frames";

const line = (changes: Partial<WireLine>): WireLine => ({
  at: "2026-11-20T12:00:00.000Z",
  channel: "",
  way: "",
  sender: "device",
  kind: "frame",
  name: "status report",
  words: "power 673",
  reason: "",
  length: 10,
  hex: "55aa0307",
  points: [],
  parts: [],
  ...changes,
});

const HEARTBEAT = line({ sender: "controller", name: "heartbeat", words: "", hex: "55aa0000" });
const REPORT = line({ at: "2026-11-20T12:00:01.000Z" });
const NOISE = line({
  at: "2026-11-20T12:00:02.000Z",
  kind: "noise",
  name: "",
  words: "",
  reason: "bad checksum",
  hex: "05aa5501",
});
const LINES = [HEARTBEAT, REPORT, NOISE];

const found = (filter: string, odd = false) => filteredLines(LINES, filter, odd).map((one) => one.line);

describe("filtered frames", () => {
  it("are all frames, newest first, without a filter", () => {
    expect(found("")).toEqual([NOISE, REPORT, HEARTBEAT]);
    expect(found("  ")).toHaveLength(3);
  });

  it("contain each of the words, regardless of case", () => {
    expect(found("Power report")).toEqual([REPORT]);
    expect(found("power heartbeat")).toEqual([]);
    expect(found("← power")).toEqual([REPORT]);
    expect(found("checksum")).toEqual([NOISE]);
    expect(found("→")).toEqual([HEARTBEAT]);
  });

  it("contain the bytes, with and without blanks, but not across half bytes", () => {
    expect(found("55 AA 03")).toEqual([REPORT]);
    expect(found("55aa03")).toEqual([REPORT]);
    expect(filteredLines([line({ hex: "1234", name: "", words: "" })], "2 3")).toEqual([]);
  });

  it("can be limited to problems", () => {
    expect(found("", true)).toEqual([NOISE]);
    expect(filteredLines([line({ reason: "too long" })], "", true)).toHaveLength(1);
  });
});

describe("a line", () => {
  it("keeps its key when it is fetched again, and equal lines have different keys", () => {
    const before = filteredLines([HEARTBEAT, REPORT, REPORT], "").map((one) => one.key);
    const after = filteredLines([HEARTBEAT, REPORT, REPORT, NOISE], "").map((one) => one.key);
    expect(new Set(before).size).toBe(3);
    expect(after.slice(1)).toEqual(before);
  });

  it("is copied in chronological order", () => {
    expect(JSON.parse(asJson(filteredLines(LINES, "")))).toEqual(LINES);
  });

  it("shows its bytes in pairs", () => {
    expect(hexText("55aa0300")).toBe("55 aa 03 00");
    expect(hexText("")).toBe("");
  });
});

it("the parts of a line are found in a later answer, also where others have the same bytes", () => {
  const parts = [{ start: 0, end: 4, label: "header" }];
  const mine = line({ channel: "wifi" });
  expect(partsOf([line({ parts: [] }), line({ channel: "wifi", parts })], mine)).toBe(parts);
  expect(partsOf([line({ at: "2026-11-20T12:00:01.000Z", parts })], mine)).toBeUndefined();
});
