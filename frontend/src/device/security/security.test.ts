import { describe, expect, it } from "vitest";

import type { HubEvent } from "../../data/shapes";
import { choicesIn, isAlarm, lastEvents, leftText, stateWord, withCode } from "./security-state";

const STATES = ["disarmed", "arming", "home", "away", "alarm delay", "alarm"];

describe("an alarm system", () => {
  it("has a word for each of its states, and shows others as they are", () => {
    expect(STATES.map(stateWord)).toEqual([
      "Disarmed",
      "Arming",
      "Armed: at home",
      "Armed: away",
      "Alarm soon",
      "Alarm",
    ]);
    expect(stateWord("night")).toBe("night");
  });

  it("can be armed when it is disarmed, disarmed otherwise, and an alarm can be ended", () => {
    const can = (choice: "arm" | "disarm" | "cancel") => STATES.filter((state) => choicesIn(state)[choice]);
    expect(can("arm")).toEqual(["disarmed"]);
    expect(can("disarm")).toEqual(["arming", "home", "away", "alarm delay", "alarm"]);
    expect(can("cancel")).toEqual(["alarm delay", "alarm"]);
    expect(STATES.filter(isAlarm)).toEqual(["alarm delay", "alarm"]);
  });

  it("counts down to leave and to disarm, and not in states that last", () => {
    expect(leftText("arming", 23)).toBe("Armed in 0:23");
    expect(leftText("alarm delay", 61)).toBe("Disarm within 1:01");
    expect(["disarmed", "home", "alarm"].map((state) => leftText(state, 9))).toEqual(["", "", ""]);
  });

  it("is sent a code only where one was typed", () => {
    expect(withCode(" ")).toEqual({});
    expect(withCode(" 1234 ")).toEqual({ code: "1234" });
    expect(withCode("", { new: "" })).toEqual({ new: "" });
  });

  it("shows its last five events, each once, the newest first", () => {
    const event = (minute: number, more: object = {}) =>
      ({
        at: `2026-11-29T19:0${minute}:00.000Z`,
        device: "alarm",
        kind: "security",
        words: `event ${minute}`,
        data: {},
        ...more,
      }) as HubEvent;
    const stored = [event(6), event(5), event(4), event(3), event(2)];
    const live = [event(9, { kind: "action" }), event(8), event(7, { device: "other" }), event(6)];
    expect(lastEvents("alarm", stored, live).map((one) => one.words)).toEqual(
      [8, 6, 5, 4, 3].map((minute) => `event ${minute}`),
    );
  });
});
