import { describe, expect, it } from "vitest";

import type { Device, Value } from "../data/shapes";
import { device } from "../devices/testing";
import { planOf } from "../energy/flows";
import { allOff, favouritesOf, hasSwitches, isOn, passes, powerOf, roomsOf, without, type Room } from "./rooms";

const plug = (id: string, more: Parameters<typeof device>[1] = {}) =>
  device(id, { points: ["on", "power_W"], link: `tcp:${id}`, main: "on", ...more });
const METER = device("meter", { points: ["power_W", "energy_export_Wh"], link: "pty:", room: "Hall" });
const FRIDGE = plug("fridge", { room: "Kitchen", critical: true, parent: "meter" });
const KETTLE = plug("kettle", { room: "Kitchen", parent: "meter", favourite: true });
const ROOF = plug("roof", { produces: true });
const GATEWAY = device("gateway", { room: "Study", link: "pty:2" });
const LAMP = plug("gateway_lamp", { parent: "gateway", link: "pty:2" });
const DESK = plug("gateway_desk", { parent: "gateway", link: "pty:2", room: "Office" });
const CAR = plug("car", { parent: "meter" });
const NEW = device("1901", { state: "seen", room: "Kitchen" });
const HOME = [METER, FRIDGE, ROOF, GATEWAY, LAMP, KETTLE, DESK, CAR, NEW];
const METERS = new Set(["meter"]);

const ids = (devices: readonly Device[]) => devices.map((one) => one.id);
const shown = (rooms: readonly Room[]) => rooms.map((room) => [room.kind, room.name, ...ids(room.devices)]);

describe("the rooms", () => {
  it("are those of their devices, in the order of the home; the rest and the whole home come last", () => {
    expect(shown(roomsOf(HOME, METERS))).toEqual([
      ["room", "Kitchen", "fridge", "kettle"],
      ["room", "Study", "gateway", "gateway_lamp"],
      ["room", "Office", "gateway_desk"],
      ["none", "", "car"],
      ["whole", "", "meter", "roof"],
    ]);
  });

  it("are none in an empty home, and a name may be any text", () => {
    expect(roomsOf([], METERS)).toEqual([]);
    expect(shown(roomsOf([CAR, METER], METERS))).toEqual([
      ["all", "", "car"],
      ["whole", "", "meter"],
    ]);
    expect(
      shown(roomsOf([plug("a", { room: "<b>عربي</b>" }), plug("b", { room: "__proto__" })], METERS)).map(
        ([, name]) => name,
      ),
    ).toEqual(["<b>عربي</b>", "__proto__"]);
  });

  it("use what their devices measure; what is measured twice counts once, and what is produced does not", () => {
    const strip = plug("strip", { room: "Study" });
    const screen = plug("screen", { room: "Study", parent: "strip" });
    const roof = plug("roof", { room: "Study", produces: true });
    const gone = plug("gone", { room: "Study", state: "offline" });
    const home = [METER, strip, screen, roof, gone];
    const room = roomsOf(home, METERS)[0]!;
    const power = (values: Record<string, number>) => powerOf(room, planOf(home), (id) => values[id]);
    expect(power({ strip: 100, screen: 60, roof: 500, gone: 7 })).toBe(100);
    expect(power({ screen: 60 })).toBe(60);
    expect(power({ strip: Number.NaN })).toBeUndefined();
  });

  it("have the rest of their devices where favourites are shown first", () => {
    const favourites = favouritesOf(HOME);
    expect(ids(favourites)).toEqual(["kettle"]);
    const rest = without(roomsOf(HOME, METERS), [...favourites, CAR]);
    expect(shown(rest.map(({ room }) => room)).map(([, name, ...devices]) => [name, ...devices])).toEqual([
      ["Kitchen", "fridge"],
      ["Study", "gateway", "gateway_lamp"],
      ["Office", "gateway_desk"],
      ["", "meter", "roof"],
    ]);
    expect(ids(rest[0]!.whole.devices)).toEqual(["fridge", "kettle"]);
  });
});

const values =
  (off: readonly string[]) =>
  (id: string): Value | undefined =>
    !off.includes(id);

describe("all off", () => {
  it("leaves what is critical, what produces, what is gone and what is off already", () => {
    const gone = plug("gone", { state: "offline" });
    const asleep = plug("asleep", { state: "asleep" });
    const off = allOff([FRIDGE, KETTLE, ROOF, CAR, gone, asleep, METER], values(["car"]));
    expect(off.off.map((one) => one.device.id)).toEqual(["kettle", "asleep"]);
    expect([ids(off.critical), ids(off.produces), ids(off.gone)]).toEqual([["fridge"], ["roof"], ["gone"]]);
  });

  it("switches each relay that is on or not known, and no other switch", () => {
    const lock = { kind: "switch", access: "rw" } as const;
    const strip = device("strip", {
      main: "on",
      points: [
        "on",
        { ...METER.points[0]!, key: "on_2", ...lock },
        { ...METER.points[0]!, key: "child_lock", ...lock },
      ],
    });
    const { off } = allOff([strip], (_, point) => (point === "on" ? false : undefined));
    expect(off.map(({ points }) => points.map((point) => point.key))).toEqual([["on_2"]]);
    expect(allOff([device("sensor", { points: ["temperature_C"] })], values([])).off).toEqual([]);
  });

  it("is offered where something may be switched off", () => {
    const [kitchen, , , , whole] = roomsOf(HOME, METERS);
    expect([hasSwitches(kitchen!), hasSwitches(whole!)]).toEqual([true, false]);
  });
});

describe("the filter", () => {
  it("knows what is on by its relay, else by its power", () => {
    const value = (W: number) => (_: string, point: string) => (point === "power_W" ? W : undefined);
    expect([isOn(KETTLE, values([])), isOn(KETTLE, values(["kettle"]))]).toEqual([true, false]);
    expect([isOn(METER, value(-12)), isOn(METER, value(0.2))]).toEqual([true, false]);
  });
  it("shows what does not answer, or what is on and answers", () => {
    const gone = plug("gone", { state: "faulted" });
    const on = () => true;
    expect([
      passes("gone", gone, on),
      passes("on", gone, on),
      passes("all", gone, on),
      passes("on", KETTLE, on),
      passes("gone", KETTLE, on),
    ]).toEqual([true, false, true, true, false]);
  });
});
