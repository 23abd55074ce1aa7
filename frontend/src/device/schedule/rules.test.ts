import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { ScheduleRule } from "../../data/shapes";
import { device } from "../../devices/testing";
import { argumentsOf, awaitsSchedule, DAYS, daysText, formOf, NEW_RULE, ruleText } from "./rules";

const timer: ScheduleRule = {
  id: "a",
  kind: "timer",
  name: "",
  enabled: true,
  at: "07:30",
  sun: "",
  offset_min: 0,
  turn: "on",
  days: [...DAYS],
  weekly: true,
  lasts_s: 0,
  after_s: 0,
};

describe("rules as text", () => {
  it("a timer names its time, and how long it lasts", () => {
    expect(ruleText(timer)).toBe("On at 07:30");
    expect(ruleText({ ...timer, turn: "off", lasts_s: 7200 })).toBe("Off at 07:30 for 2 h");
    expect(ruleText({ ...timer, at: "", sun: "sunset", offset_min: -20 })).toBe("On at 20 min before sunset");
    expect(ruleText({ ...timer, at: "", sun: "sunrise" })).toBe("On at sunrise");
  });
  it("an auto-off rule names its delay", () => {
    expect(ruleText({ ...timer, kind: "auto_off", after_s: 900 })).toBe("Off 15 min after it was switched on");
    expect(ruleText({ ...timer, kind: "auto_off", after_s: 90 })).toBe("Off 90 s after it was switched on");
  });
  it("days are short", () => {
    expect(daysText(timer)).toBe("daily");
    expect(daysText({ ...timer, days: ["mon", "tue", "wed", "thu", "fri"] })).toBe("Mon–Fri");
    expect(daysText({ ...timer, days: ["sat", "sun"], weekly: false })).toBe("once: Sat, Sun");
  });
});

describe("the form", () => {
  it("gives the arguments of a new rule", () => {
    expect(argumentsOf({ ...NEW_RULE, days: ["mon", "fri"], name: " tea " }, "")).toEqual({
      at: "07:30",
      turn: "on",
      lasts: "none",
      days: "mon,fri",
      once: "no",
      name: "tea",
    });
    expect(argumentsOf({ ...NEW_RULE, kind: "auto_off", after: "1,5" }, "k3")).toEqual({
      rule: "k3",
      after: "90s",
      days: DAYS.join(","),
      once: "no",
      name: "",
    });
    expect(argumentsOf({ ...NEW_RULE, sun: "sunset", offset: "−20" }, "").at).toBe("sunset-20m");
  });
  it("shows a rule so that saving it changes nothing", () => {
    const rule = fc.record({
      turn: fc.constantFrom("on" as const, "off" as const),
      sun: fc.constantFrom("" as const, "sunrise" as const, "sunset" as const),
      offset_min: fc.integer({ min: -120, max: 120 }),
      lasts_s: fc.integer({ min: 0, max: 1440 }).map((minutes) => minutes * 60),
      weekly: fc.boolean(),
      days: fc.uniqueArray(fc.constantFrom(...DAYS), { minLength: 1 }),
    });
    fc.assert(
      fc.property(rule, (made) => {
        const args = argumentsOf(formOf({ ...timer, ...made, at: made.sun ? "" : "07:30" }), "a");
        expect(args.lasts).toBe(made.lasts_s ? `${made.lasts_s}s` : "none");
        expect(args.once).toBe(made.weekly ? "no" : "yes");
        const sign = made.offset_min > 0 ? "+" : "-";
        const sun = made.offset_min ? `${made.sun}${sign}${Math.abs(made.offset_min)}m` : made.sun;
        expect(args.at).toBe(made.sun ? sun : "07:30");
        expect(args.days?.split(",").length).toBe(made.days.length);
      }),
    );
  });
});

describe("the place of the schedule", () => {
  const since = "2026-11-20T12:00:00Z";
  const at = Date.parse(since) / 1000;
  const actions = [{ name: "schedule", words: "", args: {}, danger: "", files: [] }];
  it("is kept until the device has had the time to report its rules", () => {
    const plug = device("plug", { schedule: null, actions, since });
    expect([awaitsSchedule(plug, at + 1), awaitsSchedule(plug, at + 60)]).toEqual([true, false]);
    expect(awaitsSchedule({ ...plug, state: "offline" }, at + 60)).toBe(true);
  });
  it("is not needed where the rules are known, or where there are none", () => {
    expect(awaitsSchedule(device("plug", { schedule: [], actions, since }), at)).toBe(false);
    expect(awaitsSchedule(device("meter", { schedule: null, since }), at)).toBe(false);
  });
});
