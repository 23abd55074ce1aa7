import { describe, expect, it } from "vitest";

import type { WireLine } from "../shapes";
import { asJson, hexText, filteredLines } from "./frames";

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
  ...changes,
});

const HEARTBEAT = line({ sender: "controller", name: "heartbeat", words: "", hex: "55aa0000" });
const REPORT = line({ at: "2026-11-20T12:00:01.000Z" });
const NOISE = line({ at: "2026-11-20T12:00:02.000Z", kind: "noise", name: "", words: "", reason: "bad checksum", hex: "05aa5501" });
const LINES = [HEARTBEAT, REPORT, NOISE];

const found = (filter: string, odd = false) => filteredLines(LINES, filter, odd).map((one) => one.line);

describe("the frames that are wanted", () => {
  it("are all of them, newest first, where nobody filters", () => {
    expect(found("")).toEqual([NOISE, REPORT, HEARTBEAT]);
    expect(found("  ")).toHaveLength(3);
  });

  it("have each of the words somewhere, in whatever letters", () => {
    expect(found("Power report")).toEqual([REPORT]);
    expect(found("power heartbeat")).toEqual([]);
    expect(found("← power")).toEqual([REPORT]);
    expect(found("checksum")).toEqual([NOISE]);
    expect(found("→")).toEqual([HEARTBEAT]);
  });

  it("have the bytes, with and without blanks, but not across half bytes", () => {
    expect(found("55 AA 03")).toEqual([REPORT]);
    expect(found("55aa03")).toEqual([REPORT]);
    expect(filteredLines([line({ hex: "1234", name: "", words: "" })], "2 3")).toEqual([]);
  });

  it("may be only those that something is wrong with", () => {
    expect(found("", true)).toEqual([NOISE]);
    expect(filteredLines([line({ reason: "too long" })], "", true)).toHaveLength(1);
  });
});

describe("a line", () => {
  it("stays the same one when it is fetched again with newer ones, twins apart", () => {
    const before = filteredLines([HEARTBEAT, REPORT, REPORT], "").map((one) => one.key);
    const after = filteredLines([HEARTBEAT, REPORT, REPORT, NOISE], "").map((one) => one.key);
    expect(new Set(before).size).toBe(3);
    expect(after.slice(1)).toEqual(before);
  });

  it("is copied in the order of time", () => {
    expect(JSON.parse(asJson(filteredLines(LINES, "")))).toEqual(LINES);
  });

  it("shows its bytes in pairs", () => {
    expect(hexText("55aa0300")).toBe("55 aa 03 00");
    expect(hexText("")).toBe("");
  });
});
