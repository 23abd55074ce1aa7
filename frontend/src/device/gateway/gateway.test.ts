import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";

import { receive } from "../../data/live";
import type { Change, Device, Reading } from "../../data/shapes";
import { device, point } from "../../devices/testing";
import { shownActions } from "../details/actions/actions";
import {
  barOf,
  batteryOf,
  countdownText,
  isGateway,
  isLow,
  isNamed,
  isNew,
  NO_JOINS,
  openSince,
  partsOf,
  secondsLeft,
  signalOf,
  withLook,
  withoutReason,
} from "./gateway-facts";

const action = (name: string) => ({ name, words: "", args: {}, danger: "", files: [] });
const left = (value: number | string, at: number): Reading => ({ value, at, quality: "good", flags: [] });
const gateway = device("gateway", { actions: [action("permit")] });
const readings = (...all: [string, string, Change[2], number][]) =>
  receive({ changes: { at: 0, readings: all.map(([id, key, value, at]) => [id, key, value, at, "good", []]) } });

describe("the time left for joining", () => {
  it("counts down from the time at which it was reported", () => {
    expect(secondsLeft(left(100, 1000), 1000)).toBe(100);
    expect(secondsLeft(left(100, 1000), 1000.2)).toBe(100);
    expect(secondsLeft(left(100, 1000), 1071.5)).toBe(29);
  });

  it("is never below 0 nor above what was reported, whatever the clocks say", () => {
    fc.assert(
      fc.property(fc.nat(3600), fc.integer({ min: -9999, max: 9999 }), (value, age) => {
        const seconds = secondsLeft(left(value, 0), age);
        return seconds >= 0 && seconds <= value;
      }),
    );
    expect(secondsLeft(undefined, 5)).toBe(0);
    expect(secondsLeft(left("soon", 0), 5)).toBe(0);
  });

  it("is shown in minutes and seconds", () => {
    expect([0, 9, 65, 3600].map(countdownText)).toEqual(["0:00", "0:09", "1:05", "60:00"]);
  });
});

it("a gateway's list of actions has only those without a section", () => {
  const names = [
    "permit",
    "stop",
    "adopt",
    "arm",
    "disarm",
    "cancel_alarm",
    "set_code",
    "learn_ir",
    "send_ir",
    "rename_ir",
    "update",
  ];
  expect(shownActions(device("gateway", { actions: names.map(action) })).map((one) => one.name)).toEqual([
    "adopt",
    "update",
  ]);
});

describe("the window", () => {
  beforeEach(() => readings(["gateway", "joining", false, 10], ["gateway", "joining_left_s", 0, 10]));

  it("was opened when its time was reported, and is not open otherwise", () => {
    expect(openSince(gateway)).toBeUndefined();
    readings(["gateway", "joining", true, 20], ["gateway", "joining_left_s", 100, 20]);
    expect(openSince(gateway)).toBe(20);
  });
});

describe("the devices that join", () => {
  const looks = (...seen: [string[], number | undefined][]) =>
    seen.reduce((joins, [ids, at], index) => withLook(joins, ids, at, index === 0), NO_JOINS);
  const fresh = (...seen: [string[], number | undefined][]) => {
    const joins = looks(...seen);
    return [...joins.latest].filter((id) => isNew(joins, id));
  };

  it("are those that were not there before the window was opened", () => {
    expect(fresh([["a"], undefined], [["a"], 20], [["a", "b"], 20])).toEqual(["b"]);
  });

  it("are marked when they come in the same message as the window", () => {
    expect(fresh([["a"], undefined], [["a", "b"], 20])).toEqual(["b"]);
  });

  it("stay marked when the window is closed, until it is opened again", () => {
    const first: [string[], number | undefined][] = [
      [[], undefined],
      [["a"], 20],
      [["a"], undefined],
    ];
    expect(fresh(...first)).toEqual(["a"]);
    expect(fresh(...first, [["a", "b"], 50])).toEqual(["b"]);
  });

  it("are unknown to a page that was opened after them", () => {
    expect(fresh([["a", "b"], 20])).toEqual([]);
    expect(fresh([["a"], undefined], [["a", "b"], undefined])).toEqual([]);
  });

  it("are no more when they are removed", () => {
    expect(fresh([[], undefined], [["a"], 20], [[], 20])).toEqual([]);
  });
});

describe("a sub-device", () => {
  const part = (id: string, more: Partial<Device> = {}) =>
    device(id, { parent: "gateway", actions: [action("remove")], ...more } as never);

  it("is behind the gateway and can be removed from it; a plug counted inside it cannot", () => {
    const plug = device("plug", { parent: "gateway" });
    expect(partsOf(gateway, [gateway, part("a"), plug, part("b", { parent: "other" })]).map((one) => one.id)).toEqual([
      "a",
    ]);
    expect([isGateway(gateway), isGateway(plug)]).toEqual([true, false]);
  });

  it("shows the charge of its battery in percent where it reports it, and how well it is received", () => {
    const both = device("a", {
      points: [point("battery_state", { kind: "enum" }), point("battery_percent"), point("signal_percent")],
    });
    expect(batteryOf(both)?.key).toBe("battery_percent");
    expect(signalOf(both)?.key).toBe("signal_percent");
    expect(batteryOf(device("a", { points: ["battery_state"] }))?.key).toBe("battery_state");
    expect([batteryOf(gateway), signalOf(gateway)]).toEqual([undefined, undefined]);
  });

  it("is listed by its name, and has no reason of its own while the gateway is gone", () => {
    const parts = [
      part("b", { name: "plug 10" }),
      part("c", { name: "Plug 2" }),
      part("a", { name: "Attic", reason: "It left." }),
    ];
    expect(partsOf(gateway, parts).map((one) => one.name)).toEqual(["Attic", "Plug 2", "plug 10"]);
    const gone = device("gateway", { state: "offline" });
    expect([gateway, gone].map((one) => withoutReason(parts[2] as Device, one).reason)).toEqual(["It left.", ""]);
    expect(barOf(gone, "control")).toBe("gateway is not reachable now.");
    expect([barOf(gateway, "control"), barOf(gateway, "read") !== ""]).toEqual(["", true]);
  });

  it("has a name once it was given one", () => {
    const unnamed = part("gateway_1", { name: "gateway_1", profile: "tuya_gateway/motion_sensor" });
    expect([isNamed(unnamed), isNamed(part("a", { name: "Hall" })), isNamed(part("a"))]).toEqual([false, true, false]);
  });

  it("has a low battery at 15 % or when it says so", () => {
    const percent = point("battery_percent", { unit: "%" });
    expect([16, 15, 0, undefined].map((value) => isLow(value, percent))).toEqual([false, true, true, false]);
    expect(["low", "high", true, false].map((value) => isLow(value, point("battery_state")))).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(isLow(3, point("battery_voltage_V"))).toBe(false);
  });
});
