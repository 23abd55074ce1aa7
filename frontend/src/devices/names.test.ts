import { describe, expect, it } from "vitest";

import { point } from "./testing";
import { durationChoices, durationText, isDuration, meaningOf, optionText, titleOf } from "./names";

describe("points in words", () => {
  it("have the names of the vocabulary, with their channel; others the name in their profile", () => {
    expect(["power_W", "on_2", "on_usb1", "temperature_floor_C"].map((key) => titleOf(point(key)))).toEqual([
      "Power",
      "Switch 2",
      "Switch USB1",
      "Temperature of the floor",
    ]);
    expect([titleOf(point("voltage_V")), titleOf(point("current_a_A"))]).toEqual(["Voltage", "Current A"]);
    expect([titleOf(point("odd_thing")), titleOf(point("dp_9", { label: "Its ninth" }))]).toEqual([
      "Odd thing",
      "Its ninth",
    ]);
  });

  it("say what their values mean", () => {
    const open = point("open", { kind: "switch" });
    expect([meaningOf(true, open), meaningOf(false, open), meaningOf(undefined, open)]).toEqual([
      "open",
      "closed",
      "–",
    ]);
    expect(meaningOf(0, point("fault", { kind: "bitmap" }))).toBe("none");
    expect(meaningOf(5400, point("countdown_s", { unit: "s", exponent: 0 }))).toBe("1\u202fh 30\u202fmin");
    expect(meaningOf(21.5, point("temperature_C", { unit: "°C" }))).toBe("21.5\u202f°C");
    expect([
      optionText(point("after_power_cut"), "last"),
      optionText(point("mode"), "programme"),
      optionText(point("mode"), "very_odd"),
    ]).toEqual(["As before", "By its programme", "Very odd"]);
  });
});

describe("spans of time", () => {
  it("are written in the units that fit", () => {
    expect(
      (
        [
          [0, "s"],
          [45, "s"],
          [60, "s"],
          [90, "s"],
          [119, "s"],
          [300, "s"],
          [3599, "s"],
          [86_400, "s"],
          [90, "min"],
          [2, "h"],
        ] as const
      ).map(([value, unit]) => durationText(value, unit)),
    ).toEqual([
      "0\u202fs",
      "45\u202fs",
      "1\u202fmin",
      "90\u202fs",
      "119\u202fs",
      "5\u202fmin",
      "60\u202fmin",
      "24\u202fh",
      "1\u202fh 30\u202fmin",
      "2\u202fh",
    ]);
  });
  it("are offered within the limits of the point, with what is set", () => {
    expect(durationChoices({ unit: "s", minimum: 0, maximum: 3600 }, 77)).toEqual([0, 60, 77, 300, 900, 1800, 3600]);
    expect(durationChoices({ unit: "min", minimum: 1, maximum: 60 }, undefined)).toEqual([1, 5, 15, 30, 60]);
    expect(durationChoices({ unit: "h", minimum: null, maximum: null }, undefined)).toEqual([0, 1, 2, 4, 8, 12, 24]);
    expect([
      isDuration({ kind: "number", unit: "s" }),
      isDuration({ kind: "number", unit: "W" }),
      isDuration({ kind: "enum", unit: "s" }),
    ]).toEqual([true, false, false]);
  });
});
