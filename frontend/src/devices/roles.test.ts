import { describe, expect, it } from "vitest";

import { device, point } from "./testing";
import { sayIfKnown } from "../text/words";
import { baseOf, controlsOf, headlineOf, LISTED, readingsOf, relayOf, roleOf, settingsOf } from "./roles";

const rw = (key: string, kind: "switch" | "enum" | "number" | "text" | "raw" = "number") =>
  point(key, { kind, access: "rw" });
const keys = (points: readonly { key: string }[]) => points.map((one) => one.key);

const PLUG = device("plug", {
  main: "on",
  points: [
    "on",
    rw("countdown_s"),
    "energy_import_Wh",
    "current_A",
    "power_W",
    "voltage_V",
    "test_result",
    point("fault", { kind: "bitmap" }),
    rw("child_lock", "switch"),
    rw("after_power_cut", "enum"),
    rw("energy_calibration"),
    rw("dp_107"),
    rw("odd_thing"),
  ],
});

describe("the points of a plug", () => {
  it("are what is looked at, switched, set once, or only for experts", () => {
    expect(headlineOf(PLUG)?.key).toBe("power_W");
    expect(relayOf(PLUG)?.key).toBe("on");
    expect(keys(readingsOf(PLUG))).toEqual(["power_W", "fault"]);
    expect(controlsOf(PLUG)).toEqual([]);
    expect(keys(settingsOf(PLUG).known)).toEqual(["after_power_cut", "countdown_s", "child_lock"]);
    expect(keys(settingsOf(PLUG).other)).toEqual(["odd_thing"]);
  });
});

describe("the points of a thermostat", () => {
  const thermostat = device("heat", {
    main: "setpoint_C",
    points: [
      rw("on", "switch"),
      rw("setpoint_C"),
      "temperature_C",
      rw("mode", "enum"),
      rw("schedule", "raw"),
      rw("child_lock", "switch"),
    ],
  });
  it("have the measured temperature first, and what is set every day as controls", () => {
    expect(headlineOf(thermostat)?.key).toBe("temperature_C");
    expect(relayOf(thermostat)?.key).toBe("on");
    expect(keys(controlsOf(thermostat))).toEqual(["setpoint_C", "mode"]);
  });
});

describe("other devices", () => {
  it("have as their big number what they are for, never their battery or the users of a lock", () => {
    expect(
      headlineOf(device("door", { main: "open", points: ["battery_percent", point("open", { kind: "switch" })] }))?.key,
    ).toBe("open");
    expect(headlineOf(device("lock", { points: ["opened_by_fingerprint", "battery_percent"] }))).toBeUndefined();
    expect(
      headlineOf(device("gateway", { points: [point("joining", { kind: "switch" }), "joining_left_s"] })),
    ).toBeUndefined();
    expect(relayOf(device("lock", { points: [rw("approve", "switch")] }))).toBeUndefined();
  });
});

describe("the entry of a key", () => {
  it("is its longest beginning that is listed, whatever its unit and channel", () => {
    expect(
      [
        "power_2_W",
        "standby_killer_power_W",
        "temperature_floor_C",
        "on_usb1",
        "temperature_correction_C",
        "nothing_of_it",
      ].map(baseOf),
    ).toEqual(["power", "standby_killer_power", "temperature_floor", "on", "temperature_correction", undefined]);
  });
  it("decides the role; what cannot be written is never a setting", () => {
    expect(
      [
        rw("child_lock", "switch"),
        point("child_lock", { kind: "switch" }),
        rw("volume", "text"),
        rw("note", "text"),
        point("voltage_V"),
      ].map(roleOf),
    ).toEqual(["setting", "expert", "setting", "expert", "expert"]);
  });
});

it("each setting says in words what it does", () => {
  const texts = LISTED.settings.flatMap((base) => [`behaviour.${base}`, `behaviour.${base}_text`]);
  expect(texts.filter((id) => !sayIfKnown(id, ""))).toEqual([]);
});

it("no key is listed twice", () => {
  const all = [...LISTED.settings, ...LISTED.controls, ...LISTED.readings];
  expect(all.filter((base, index) => all.indexOf(base) !== index)).toEqual([]);
});
