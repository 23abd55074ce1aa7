import { describe, expect, it } from "vitest";

import type { Device, Point } from "../data/shapes";
import { Cache } from "./answers";
import { dayFrom } from "../time/calendar";
import { viewOf } from "./view";
import { candidates, chosen, MOST_PICKED, panelsOf, quantities, wantedOf } from "./selection";

const UNITS: Record<string, string> = { W: "W", V: "V", C: "°C" };

function point(key: string, more: Partial<Point> = {}): Point {
  return {
    key,
    kind: "number",
    unit: UNITS[key.split("_").at(-1)!] ?? "",
    access: "r",
    exponent: -1,
    label: "",
    options: [],
    minimum: null,
    maximum: null,
    confidence: "",
    ...more,
  };
}

function device(id: string, points: Point[], more: Partial<Device> = {}): Device {
  return {
    id,
    identity: id,
    family: "toy",
    state: "online",
    since: null,
    reason: "",
    link: "",
    profile: "",
    name: "",
    parent: "",
    main: "",
    room: "",
    points,
    actions: [],
    produces: false,
    info: {},
    schedule: [],
    critical: false,
    favourite: false,
    colour: null,
    ...more,
  };
}

const view = (query: string) => viewOf(new URLSearchParams(query), dayFrom("2026-11-21")!);
const METER = device("meter", [point("power_W"), point("voltage_V"), point("voltage_2_V")]);
const KETTLE = device("kettle", [point("power_W"), point("on", { kind: "switch", access: "rw" })], {
  name: "Kettle",
  parent: "meter",
});
const DOOR = device("door", [point("open", { kind: "enum" }), point("temperature_C")]);
const SEEN = device("new", [point("power_W")], { state: "seen" });
const HOME = [KETTLE, METER, DOOR, SEEN];
const ids = (devices: readonly Device[]) => devices.map((one) => one.id);

describe("devices to compare", () => {
  it("are those that measure the quantity, children after their parent", () => {
    expect(ids(candidates(HOME, ["power"]))).toEqual(["meter", "kettle"]);
    expect(ids(candidates(HOME, ["temperature_C"]))).toEqual(["door"]);
    expect(candidates(HOME, ["open"])).toEqual([]);
  });

  it("are a few by default, all for energy, or those that were selected", () => {
    const many = Array.from({ length: 10 }, (_, index) => device(`plug_${index}`, [point("power_W")]));
    expect(chosen(many, view(""))).toHaveLength(MOST_PICKED);
    expect(chosen(many, view("what=energy"))).toHaveLength(10);
    expect(ids(chosen(many, view("device=plug_9&device=gone")))).toEqual(["plug_9"]);
    expect(chosen(many, view("device="))).toEqual([]);
  });
});

describe("series", () => {
  it("are named by device, and by point if a panel has several", () => {
    expect(wantedOf([METER, KETTLE], ["power"]).map((one) => [one.key, one.name])).toEqual([
      ["meter.power_W", "meter"],
      ["kettle.power_W", "Kettle"],
    ]);
    expect(wantedOf([METER], ["voltage_V", "voltage_2_V"]).map((one) => one.name)).toEqual([
      "meter, Voltage",
      "meter, Voltage 2",
    ]);
  });

  it("of different units are in separate panels, and so are switches", () => {
    const panels = panelsOf(wantedOf([METER, KETTLE], ["power", "voltage_V", "on", "voltage_2_V"]));
    expect(panels.map((panel) => panel.wanted.map((one) => one.key))).toEqual([
      ["meter.power_W", "kettle.power_W"],
      ["meter.voltage_V", "meter.voltage_2_V"],
      ["kettle.on"],
    ]);
  });

  it("of text are not offered", () => {
    expect(quantities(HOME).map((one) => one.key)).toEqual(["on", "temperature_C", "voltage_2_V", "voltage_V"]);
  });
});

describe("cached answers", () => {
  it("expire, and the oldest is dropped", () => {
    const cache = new Cache<string>(2);
    cache.keep("/a", "A", 100);
    expect([cache.find("/a", 99), cache.find("/a", 100)]).toEqual(["A", undefined]);
    cache.keep("/b", "B", 900);
    cache.keep("/a", "A again", 900);
    cache.keep("/c", "C", 900);
    expect([cache.find("/a", 1), cache.find("/b", 1), cache.find("/c", 1)]).toEqual(["A again", undefined, "C"]);
  });
});
