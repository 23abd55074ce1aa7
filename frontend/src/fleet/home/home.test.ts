import { describe, expect, it } from "vitest";

import { apiOfHome, homeAt, pageOf } from "../paths";
import { fleetHome, NOON, row } from "../testing";
import { devicesOf, drawn, powerSeries, roleIn, summed } from "./catalogue";
import { endOf, lastWindowText, letOutText, sourceText } from "./source";

const POWER = [["power_W", "number"]] as const;
const METERED = fleetHome({
  meter: { points: [...POWER, ["energy_export_Wh", "counter"]] },
  pump: { parent: "meter", points: [...POWER, ["on", "switch"]] },
});
const UNMETERED = fleetHome({
  lamp: { points: POWER },
  pump: { points: POWER },
  door: { points: [["open", "switch"]] },
});

describe("a home as its catalogue describes it", () => {
  it("has devices as the pages of a hub know them", () => {
    const [meter, pump] = devicesOf(METERED);
    expect([meter?.state, meter?.colour, pump?.parent, pump?.points[1]?.access, pump?.points[0]?.access]).toEqual([
      "online",
      0,
      "meter",
      "rw",
      "r",
    ]);
    expect(devicesOf({ ...METERED, row: row("one", { state: "offline" }) })[0]?.state).toBe("offline");
  });

  it("can set what its hub says, and of an older hub what is switched", () => {
    const [door, lamp] = devicesOf(
      fleetHome({
        door: { points: [["open", "switch", "r"]] },
        lamp: {
          points: [
            ["on", "switch"],
            ["level_percent", "number", "rw"],
          ],
        },
      }),
    );
    expect([door, lamp].map((one) => one?.points.map(({ access }) => access))).toEqual([["r"], ["rw", "rw"]]);
  });

  it("adds up what its devices use, without those that produce", () => {
    expect(
      powerSeries(devicesOf(fleetHome({ lamp: { points: POWER }, roof: { produces: true, points: POWER } }))).series,
    ).toEqual(["lamp.power_W"]);
  });

  it("takes from the grid what its meter says; without one its devices are added up", () => {
    expect(powerSeries(devicesOf(METERED))).toEqual({ series: ["meter.power_W"], isGrid: true });
    expect(powerSeries(devicesOf(UNMETERED))).toEqual({ series: ["lamp.power_W", "pump.power_W"], isGrid: false });
    expect(powerSeries([])).toEqual({ series: [], isGrid: false });
  });

  it("has no power after its last contact, nor where one of the devices is not known", () => {
    const lamp = { at: [0, 900, 1800], value: [10, 20, 30], mean: null };
    const pump = { at: [900], value: [5], mean: null };
    expect(summed([lamp, pump], 0, 1800).slice(0, 4)).toEqual([null, 25, 35, null]);
    expect(summed([], 0, 1800).every((one) => one === null)).toBe(true);
  });

  it("is drawn until the end of the newest quarter of an hour, however often", () => {
    const values = [1, null, 5, null];
    const line = { at: [0, 900, 1800, 2700, 2700], values: [1, null, 5, 5, null] };
    expect([drawn(values, 0), drawn(values, 0)]).toEqual([line, line]);
    expect(drawn([null], 0)).toEqual({ at: [0], values: [null] });
  });

  it("may be switched by an operator where it allows control", () => {
    expect(roleIn({ role: "operator", let_out: { control: true } })).toBe("control");
    expect(roleIn({ role: "owner", let_out: { control: false } })).toBe("read");
    expect(roleIn({ role: "viewer", let_out: { control: true } })).toBe("read");
  });
});

describe("who answered", () => {
  it("is said, with the age of the copy", () => {
    expect(sourceText({ source: "hub" }, undefined, NOON, "UTC")).toBe("Answered by its hub at 12:00.");
    expect(sourceText({ source: "fleet" }, NOON - 900, NOON, "UTC")).toBe(
      "From the fleet's copy, which ends at 11:45, 15\u202fmin ago.",
    );
    expect(sourceText({ source: "fleet" }, undefined, NOON, "UTC")).toBe("From the fleet's copy.");
    const series = [
      { at: [1, 5, 65], value: [7, 7, null] },
      { at: [], value: [] },
      { at: [3], value: [0] },
    ];
    expect([
      endOf({ series, step: 60 }, 100),
      endOf({ series, step: 900 }, 100),
      endOf({ series: [], step: 60 }, 100),
    ]).toEqual([65, 100, undefined]);
  });

  it("is said of the last window with its size", () => {
    const newest = { level: "quarter", start: "2026-11-30T11:45:00Z", bytes: 397 };
    expect(lastWindowText({ newest, timezone: "UTC" }, NOON)).toBe("Last content: Quarter hours from 11:45, 397 B.");
    expect(lastWindowText({ newest: null, timezone: "UTC" }, NOON)).toBe("");
  });

  it("is said of a home by what it lets out", () => {
    expect(letOutText(METERED)).toBe(
      "This home sends values of each quarter of an hour. The hub can be asked for finer values.",
    );
    const closed = fleetHome(
      {},
      {
        row: row("one", { levels: ["energy"] }),
        let_out: { levels: ["energy"], names: false, events: false, questions: false, control: false },
      },
    );
    expect(letOutText(closed)).toBe(
      "This home sends energy by the hour. Its hub answers no requests of the fleet, so finer values are not available here. It does not allow control.",
    );
    expect(letOutText({ ...closed, hello: null })).toBe(
      "This home has not been connected yet, so it is not known what it sends.",
    );
  });
});

describe("the addresses", () => {
  it("of pages name a home, a part of it, or a page", () => {
    expect(homeAt("/homes/abc")).toEqual({ id: "abc", depth: "overview" });
    expect(homeAt("/homes/abc/history/")).toEqual({ id: "abc", depth: "history" });
    expect(homeAt("/homes/")).toBe(undefined);
    expect([pageOf("/"), pageOf("/commands"), pageOf("/homes/abc"), pageOf("/commandsx")]).toEqual([
      "/",
      "/commands",
      "/",
      "/",
    ]);
  });

  it("of requests of a hub's pages go to its home in the fleet", () => {
    let asks = false;
    const place = apiOfHome("abc", () => asks);
    expect(
      ["/api/history", "/api/energy", "/api/history/load", "/api/devices/tv/set", "/api/fleet/homes", "/theme.js"].map(
        place,
      ),
    ).toEqual([
      "/api/fleet/homes/abc/history",
      "/api/fleet/homes/abc/energy",
      "/api/fleet/homes/abc/api/history/load",
      "/api/fleet/homes/abc/api/devices/tv/set",
      "/api/fleet/homes",
      "/theme.js",
    ]);
    asks = true;
    expect(place("/api/history")).toBe("/api/fleet/homes/abc/history?source=hub");
    expect(place(place("/api/history"))).toBe("/api/fleet/homes/abc/history?source=hub");
  });
});
