import { describe, expect, it } from "vitest";

import { device } from "../../devices/testing";
import type { State } from "../../data/shapes";
import { leadOf, whoText, type Known } from "./lead";

const AT = Date.parse("2026-11-20T14:00:00Z") / 1000;
const NONE: Known = { value: undefined, last: undefined, isOld: false, reportedAt: undefined };
const text = (known: Partial<Known>, state: State = "online") =>
  leadOf(device("a", { state, since: "2026-11-20T13:41:00Z" }), { ...NONE, ...known }, AT, "UTC");

describe("the sentence about a device", () => {
  it("says since when it is on or off, and who switched it", () => {
    const last = (isOn: boolean, origin?: string) => ({
      value: isOn,
      last: { at: AT - 2280, isOn, origin },
      isOld: true,
    });
    expect(text(last(true, "rule: Evening"))).toBe("On since 13:22, by the rule Evening. The device confirmed it.");
    expect(text(last(false, "web"))).toBe("Off since 13:22, from this page. The device confirmed it.");
    expect(text(last(false, ""))).toBe("Off since 13:22. The device confirmed it.");
    expect(text(last(true))).toBe("On since 13:22, switched at the device or by itself.");
  });

  it("claims nothing that is not known", () => {
    expect([
      text({ value: true }),
      text({ value: true, isOld: true }),
      text({ value: false, last: { at: AT, isOn: true, origin: "web" }, isOld: true }),
    ]).toEqual(["On.", "On for more than a day.", "Off."]);
  });

  it("says what it was when it was last there", () => {
    expect([text({ value: true }, "offline"), text({ value: false }, "offline"), text({}, "offline")]).toEqual([
      "Does not answer since 13:41; it was on then.",
      "Does not answer since 13:41; it was off then.",
      "Does not answer since 13:41.",
    ]);
    expect(text({ reportedAt: AT - 600 }, "asleep")).toBe(
      "Asleep. Its last report: 13:50. What you change is sent when it wakes.",
    );
    expect(
      [text({}, "connecting"), text({}, "waiting"), text({}, "faulted")].every((one) => /^[A-Z].*[.…]$/.test(one)),
    ).toBe(true);
  });

  it("says when a sensor last reported", () => {
    expect([text({ reportedAt: AT - 3 }), text({ reportedAt: AT - 150 }), text({})]).toEqual([
      "It answers now.",
      "It last reported 2\u202fmin ago.",
      "It has not reported anything yet.",
    ]);
  });
});

it("who asked for something is named as people call it", () => {
  expect(["web", "cli", "mqtt", "cron", "", "rule: Evening", "schedule:Night"].map(whoText)).toEqual([
    "from this page",
    "from the command line",
    "over MQTT",
    "by cron",
    "",
    "by the rule Evening",
    "by the schedule Night",
  ]);
  expect(whoText(undefined)).toBe("");
});
