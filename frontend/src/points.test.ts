import { describe, expect, it } from "vitest";

import { inTree, mainOf, pointName, switchOf } from "./points";
import { device, point } from "./testing";

describe("what a device's points are for", () => {
  it("the power says most of a plug, and its relay switches it", () => {
    const plug = device("plug", { main: "on", points: [point("child_lock", { kind: "switch", access: "rw" }), "on", "voltage_V", "power_W"] });
    expect(mainOf(plug)?.key).toBe("power_W");
    expect(switchOf(plug)?.key).toBe("on");
  });
  it("what is measured says most of a sensor", () => {
    const sensor = device("sensor", { points: [point("alarm_C", { access: "rw" }), "temperature_C", "humidity_percent"] });
    expect(mainOf(sensor)?.key).toBe("temperature_C");
    expect(switchOf(sensor)).toBeUndefined();
  });
  it("a contact that only tells is no switch", () => {
    const door = device("door", { main: "open", points: [point("open", { kind: "switch" })] });
    expect(switchOf(door)).toBeUndefined();
    expect(mainOf(door)?.key).toBe("open");
  });
  it("a lamp that only switches has nothing else to say", () => {
    const lamp = device("lamp", { main: "on", points: ["on"] });
    expect(mainOf(lamp)).toBe(switchOf(lamp));
  });
  it("points without a label are called after their key", () => {
    expect(["power_W", "child_lock", "energy_import_Wh"].map((key) => pointName(point(key)))).toEqual(["Power", "Child lock", "Energy import"]);
  });
});

describe("the order of rows", () => {
  it("puts sub-devices under their gateway, and loses nobody in a ring", () => {
    const house = [device("a", { parent: "gone" }), device("sub", { parent: "gate" }), device("gate"), device("x", { parent: "y" }), device("y", { parent: "x" })];
    expect(inTree(house).map(({ device, depth }) => `${depth} ${device.id}`)).toEqual(["0 a", "0 gate", "1 sub", "0 x", "1 y"]);
  });
});
