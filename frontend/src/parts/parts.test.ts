import { describe, expect, it } from "vitest";

import { device } from "../devices/testing";
import { isAt } from "../routing/paths";
import { qualityText } from "./quantity";
import { sparkPaths } from "../charts/spark";
import { stateText } from "./state";
import { switchBar } from "./switch";

const AT = Date.parse("2026-11-20T14:03:00Z") / 1000;

describe("the text of a state", () => {
  it("has the time, the last value, and the reason", () => {
    const pump = device("pump", { state: "offline", since: "2026-11-20T13:41:00Z", reason: "no answer" });
    expect(stateText(pump, "43 W", AT, "UTC")).toBe("offline since 13:41, last 43 W: no answer");
    expect(stateText(pump, "", AT, "Europe/Madrid")).toBe("offline since 14:41: no answer");
  });
  it("is one word for an online device", () => {
    expect(stateText(device("pump"), "43 W", AT, "UTC")).toBe("online");
  });
});

describe("a switch", () => {
  it("is disabled for a read-only login and for an unreachable device", () => {
    expect(switchBar(device("tv"), "control")).toBe("");
    expect(switchBar(device("tv"), "read")).toContain("read-only");
    expect(switchBar(device("tv", { state: "offline", name: "TV" }), "control")).toContain("TV is not reachable");
    expect(switchBar(device("trv", { state: "asleep" }), "control")).toBe("");
  });
});

describe("a sparkline", () => {
  it("starts at zero and is interrupted by a gap", () => {
    expect(sparkPaths([0, 10, null, 10])).toEqual({
      line: "M0 32L33.33 0M100 0",
      area: "M0 32L0 32L33.33 0L33.33 32ZM100 32L100 0L100 32Z",
    });
  });
  it("of negative power alone stays within its height", () => {
    expect(sparkPaths([-100, -50])).toEqual({ line: "M0 32L100 16", area: "M0 0L0 32L100 16L100 0Z" });
  });
  it("of a temperature has its own range", () => {
    expect(sparkPaths([21, 22], false).line).toBe("M0 21.33L100 0");
  });
  it("without values is empty", () => {
    expect(sparkPaths([null, null]).line).toBe("");
    expect(sparkPaths([], false).line).toBe("");
  });
});

it("marks have their flags as text", () => {
  expect(qualityText("estimated", ["estimated"])).toBe("estimated: calculated from power");
  expect(qualityText("suspect", ["some_new_flag"])).toBe("suspect: some new flag");
});

it("the page of a device belongs to Devices, an unknown path to Now", () => {
  expect(isAt("/devices", "/devices/kettle")).toBe(true);
  expect(isAt("/", "/devices/kettle")).toBe(false);
  expect(isAt("/", "/nowhere")).toBe(true);
  expect(isAt("/settings", "/settingsbook")).toBe(false);
  expect(["/", "/history", "/devices", "/settings"].filter((place) => isAt(place, "/decode"))).toEqual(["/settings"]);
});
