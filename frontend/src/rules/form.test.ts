import { expect, test } from "vitest";

import { EMPTY, editedText, keyOf, keysOf, missingIn, type Draft } from "./form";

const draft = (part: Partial<Draft>): Draft => ({ ...EMPTY, device: "boiler", ...part });

test("each kind makes the keys of a rule", () => {
  expect(keysOf(draft({ days: "workdays", lasts: "120" }), "Boiler")).toEqual({
    name: "Boiler",
    at: "07:00",
    days: "workdays",
    set: "boiler on",
    lasts: "120 min",
  });
  expect(keysOf(draft({ kind: "sun", offset: "-30", name: " Evening " }), "x")).toEqual({
    name: "Evening",
    at: "sunset - 30 min",
    set: "boiler on",
  });
  expect(keysOf(draft({ kind: "auto_off" }), "x")).toEqual({
    name: "x",
    when: "boiler is on for 15 min",
    set: "boiler off",
  });
  expect(keysOf(draft({ kind: "limit", watts: "2300" }), "x")).toEqual({
    name: "x",
    when: "boiler.power_W > 2300 W for 10 s",
    set: "boiler off",
  });
  expect(keysOf(draft({ kind: "surplus", meter: "meter", minutes: "5", most: "180" }), "x")).toEqual({
    name: "x",
    while: "meter.export_W > 1000 W for 5 min",
    set: "boiler on",
    at_least: "20 min",
    at_most: "180 min a day",
  });
  expect(
    keysOf(draft({ kind: "threshold", point: "room.temperature_C", above: false, limit: "19", minutes: "" }), "x"),
  ).toEqual({ name: "x", while: "room.temperature_C < 19", set: "boiler on" });
});

test("what is missing keeps a rule from being saved", () => {
  expect(missingIn(draft({}))).toBeUndefined();
  expect(missingIn(draft({ device: "" }))).toBe("device");
  expect(missingIn(draft({ time: "" }))).toBe("time");
  expect(missingIn(draft({ kind: "surplus" }))).toBe("meter");
  expect(missingIn(draft({ kind: "threshold" }))).toBe("point");
  expect(missingIn(draft({ kind: "threshold", point: "a.b", limit: "warm" }))).toBe("limit");
  expect(missingIn(draft({ kind: "sun", offset: "x" }))).toBe("offset");
  expect(missingIn(draft({ kind: "limit", watts: "0" }))).toBe("watts");
});

test("a list of a rule is edited as lines, and what holds more than texts is left to the file", () => {
  expect([editedText(["06:30", "sunset"]), editedText("boiler on"), editedText(undefined)]).toEqual([
    "06:30\nsunset",
    "boiler on",
    "",
  ]);
  expect(editedText({ any: ["a is on"] })).toBeUndefined();
  expect(editedText(["a is on", { any: ["b is on"] }])).toBeUndefined();
  expect([keyOf(" 06:30 \n\nsunset\n"), keyOf("06:30"), keyOf(" \n ")]).toEqual([["06:30", "sunset"], "06:30", null]);
});
