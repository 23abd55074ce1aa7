import { describe, expect, it } from "vitest";

import type { HubEvent } from "../../data/shapes";
import { commandIn, seenIn, switchesOf, type Seen } from "./switched";

const command = (at: number, value: boolean, origin = "web", result = "confirmed", key = "on"): HubEvent => ({
  at: new Date(at * 1000).toISOString(),
  device: "kettle",
  kind: "command",
  words: "",
  data: { what: `${key} = ${value}`, origin, result } as unknown as HubEvent["data"],
});
const seen = (...all: [number, boolean, number?][]): Seen[] =>
  all.map(([at, isOn, within = 0]) => ({ at, isOn, within }));

describe("when a device was switched", () => {
  it("is each change of its history; the first value is none", () => {
    expect(switchesOf(seen([0, false], [60, false], [120, true], [180, true], [240, false]), [], "on")).toEqual([
      { at: 120, isOn: true, origin: undefined },
      { at: 240, isOn: false, origin: undefined },
    ]);
  });

  it("is the time of the command that did it, and who asked for it", () => {
    const past = seen([0, false, 120], [120, true, 120], [240, true, 120]);
    expect(switchesOf(past, [command(154, true, "rule: Evening")], "on")).toEqual([
      { at: 154, isOn: true, origin: "rule: Evening" },
    ]);
    expect(switchesOf(seen([100, true], [103, false]), [command(103.004, false)], "on")).toEqual([
      { at: 103.004, isOn: false, origin: "web" },
    ]);
  });

  it("is not changed by a command that failed, that changed nothing, or of another point", () => {
    const others = [
      command(30, true, "web", "timeout"),
      command(40, false),
      command(50, true, "web", "confirmed", "led"),
    ];
    expect(switchesOf(seen([0, false], [60, false]), others, "on")).toEqual([]);
  });

  it("includes what was switched on and off again between two rows", () => {
    const past = seen([0, false, 120], [120, false, 120], [240, false, 120]);
    expect(switchesOf(past, [command(130, true), command(131, false)], "on").map((one) => [one.at, one.isOn])).toEqual([
      [130, true],
      [131, false],
    ]);
  });

  it("needs no history at all", () => {
    expect(switchesOf([], [command(10, true)], "on")).toEqual([{ at: 10, isOn: true, origin: "web" }]);
  });
});

it("a history has a value for each row that is on or off", () => {
  expect(seenIn({ at: [0, 60, 120], value: [true, null, false] }, 60)).toEqual([
    { at: 0, isOn: true, within: 60 },
    { at: 120, isOn: false, within: 60 },
  ]);
});

it("an event that is no command has none", () => {
  expect(commandIn({ at: "", device: "", kind: "state", words: "", data: {} as HubEvent["data"] })).toMatchObject({
    key: "",
    isDone: false,
  });
});
