import { describe, expect, it } from "vitest";

import type { Device, HubEvent } from "../data/shapes";
import { byDay, dayName, eventText, isProblem, merged, statesAsEvents } from "./log";

const event = (at: string, changes: Partial<Omit<HubEvent, "data">> = {}, data: object = {}): HubEvent => ({
  at,
  device: "kettle",
  kind: "command",
  words: "on = True by web: confirmed",
  data: data as HubEvent["data"],
  ...changes,
});

const seconds = (at: string) => Date.parse(at) / 1000;

describe("the list of events", () => {
  it("has stored and live events without duplicates, newest first", () => {
    const [old, new_] = [event("2026-11-20T10:00:00.000Z"), event("2026-11-20T11:00:00.000Z")];
    expect(merged([[old], [new_, { ...old }]], 10)).toEqual([new_, old]);
    expect(merged([[old, new_]], 1)).toEqual([new_]);
  });

  it("has a state once that is in the store and in the device", () => {
    const stored = event(
      "2026-11-20T10:00:00.000Z",
      { kind: "state", words: "offline: no answer" },
      { state: "offline", reason: "no answer" },
    );
    const device = { id: "kettle", state: "offline", since: "2026-11-20T10:00:00.000Z", reason: "no answer" } as Device;
    expect(merged([[stored], statesAsEvents([device])], 10)).toEqual([stored]);
    expect(eventText(stored)).toBe("offline: no answer");
  });

  it("does not contain the state connecting", () => {
    const connecting = statesAsEvents([
      { id: "kettle", state: "connecting", since: "2026-11-20T10:00:00.000Z", reason: "" } as Device,
    ]);
    expect(merged([connecting], 10)).toEqual([]);
  });

  it("marks problems", () => {
    const at = "2026-11-20T10:00:00.000Z";
    expect(isProblem(event(at, {}, { result: "confirmed" }))).toBe(false);
    expect(isProblem(event(at, {}, { result: "held" }))).toBe(false);
    expect(isProblem(event(at, {}, { result: "timeout" }))).toBe(true);
    expect(isProblem(event(at, { kind: "state" }, { state: "offline" }))).toBe(true);
    expect(isProblem(event(at, { kind: "state" }, { state: "online" }))).toBe(false);
    expect(isProblem(event(at, { kind: "started" }))).toBe(false);
  });
});

describe("the days of the list of events", () => {
  const now = seconds("2026-11-20T12:00:00Z");

  it("begin at midnight of the hub's time zone", () => {
    const events = [event("2026-11-19T23:30:00.000Z"), event("2026-11-19T22:30:00.000Z")];
    expect(byDay(events, now, "Europe/Madrid").map(({ day, events }) => [day, events.length])).toEqual([
      ["Today", 1],
      ["Yesterday", 1],
    ]);
    expect(byDay(events, now, "UTC").map(({ day }) => day)).toEqual(["Yesterday"]);
  });

  it("recognise yesterday across a change of the clocks, of the month and of the year", () => {
    const autumn = seconds("2026-10-25T23:30:00Z"); // Madrid: the 26th, after a day of 25 hours
    expect(dayName(seconds("2026-10-24T22:10:00Z"), autumn, "Europe/Madrid")).toBe("Yesterday");
    expect(dayName(seconds("2026-12-31T12:00:00Z"), seconds("2027-01-01T12:00:00Z"), "UTC")).toBe("Yesterday");
  });

  it("have their date, and their year if it is not the current one", () => {
    expect(dayName(seconds("2026-11-13T12:00:00Z"), now, "UTC")).toBe("Friday 13 November");
    expect(dayName(seconds("2025-11-13T12:00:00Z"), now, "UTC")).toBe("Thursday 13 November 2025");
  });
});
