import { describe, expect, it } from "vitest";

import { behind, inTree, mainOf, pointName, switchOf } from "./points";
import { device, point } from "./testing";

describe("the roles of points", () => {
  it("power is the main value of a plug, and its relay the switch", () => {
    const plug = device("plug", {
      main: "on",
      points: [point("child_lock", { kind: "switch", access: "rw" }), "on", "voltage_V", "power_W"],
    });
    expect(mainOf(plug)?.key).toBe("power_W");
    expect(switchOf(plug)?.key).toBe("on");
  });
  it("the measured quantity is the main value of a sensor", () => {
    const sensor = device("sensor", {
      points: [point("alarm_C", { access: "rw" }), "temperature_C", "humidity_percent"],
    });
    expect(mainOf(sensor)?.key).toBe("temperature_C");
    expect(switchOf(sensor)).toBeUndefined();
  });
  it("a read-only contact is not a switch", () => {
    const door = device("door", { main: "open", points: [point("open", { kind: "switch" })] });
    expect(switchOf(door)).toBeUndefined();
    expect(mainOf(door)?.key).toBe("open");
  });
  it("a lamp with a switch only has no other value", () => {
    const lamp = device("lamp", { main: "on", points: ["on"] });
    expect(mainOf(lamp)).toBe(switchOf(lamp));
  });
  it("points without a label are named by their key", () => {
    expect(["power_W", "child_lock", "energy_import_Wh"].map((key) => pointName(point(key)))).toEqual([
      "Power",
      "Child lock",
      "Energy import",
    ]);
  });
});

describe("the order of rows", () => {
  it("has sub-devices below their gateway, and loses no device in a cycle", () => {
    const home = [
      device("a", { parent: "gone" }),
      device("sub", { parent: "gate" }),
      device("gate"),
      device("x", { parent: "y" }),
      device("y", { parent: "x" }),
    ];
    expect(inTree(home).map(({ device, depth }) => `${depth} ${device.id}`)).toEqual([
      "0 a",
      "0 gate",
      "1 sub",
      "0 x",
      "1 y",
    ]);
  });
});

describe("what is behind a device", () => {
  it("is all that counts inside it, also in a cycle", () => {
    const inside = (id: string, parent = "") => device(id, { parent });
    const [a, b, c] = [inside("a"), inside("b", "a"), inside("c", "b")];
    const [x, y] = [inside("x", "y"), inside("y", "x")];
    expect(behind(a, [a, b, c, x, y])).toEqual([b, c]);
    expect(behind(x, [a, b, c, x, y])).toEqual([y]);
  });
});
