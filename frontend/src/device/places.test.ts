import { describe, expect, it } from "vitest";

import { DEPTHS, deviceAt, historyOf, placeOf } from "./places";

describe("the addresses of a device", () => {
  it("name the device and the depth, whatever the id contains", () => {
    for (const id of ["kettle", "Küche/1", "50%", "settings", "a b?c#d"])
      for (const depth of DEPTHS) expect(deviceAt(placeOf(id, depth))).toEqual({ id, depth });
    expect(deviceAt("/devices/kettle/")).toEqual({ id: "kettle", depth: "overview" });
    expect(deviceAt("/devices/kettle/nonsense")).toEqual({ id: "kettle", depth: "overview" });
    expect(deviceAt("/devices/50%")).toEqual({ id: "50%", depth: "overview" });
  });

  it("are not those of other pages", () => {
    for (const path of ["/devices", "/devices/", "/history", "/devices/a/b/c"]) expect(deviceAt(path)).toBeUndefined();
  });

  it("lead to the history of a device, of its power or another quantity", () => {
    expect(historyOf("kettle")).toBe("/history?device=kettle");
    expect(historyOf("a&b", "voltage_V")).toBe("/history?what=voltage_V&device=a%26b");
  });
});
