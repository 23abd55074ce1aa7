import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { flowsOf, joined, planOf, sum, type Flow, type Flows } from "./flows";
import { device } from "../devices/testing";
import type { Device } from "../data/shapes";

const METER = device("meter", { points: ["power_W", "energy_export_Wh"] });
const plug = (id: string, parent = "meter") => device(id, { parent, points: ["on", "power_W"] });
const roof = (parent = "meter") => device("roof", { parent, points: ["on", "power_W"], produces: true });

function flows(devices: Device[], powers: Record<string, number>): Flows {
  return flowsOf(planOf(devices), (id) => powers[id]);
}

function sides(flows: Flows): [Record<string, number>, Record<string, number>] {
  const side = (list: Flows["uses"]) => Object.fromEntries(list.map((one) => [one.id || one.kind, one.W]));
  return [side(flows.sources), side(flows.uses)];
}

describe("a home with a meter", () => {
  it("shows what no plug measures as the rest", () => {
    const found = flows([METER, plug("kettle"), plug("fridge")], { meter: 1240, kettle: 1000, fridge: 86 });
    expect(sides(found)).toEqual([{ grid: 1240 }, { kettle: 1000, fridge: 86, rest: 154 }]);
    expect(found.grid).toBe(1240);
  });

  it("adds production to the import from the grid", () => {
    const found = flows([METER, plug("kettle"), roof()], { meter: 1240, kettle: 1000, roof: 410 });
    expect(sides(found)).toEqual([
      { grid: 1240, roof: 410 },
      { kettle: 1000, rest: 650 },
    ]);
  });

  it("shows the grid as a use while exporting", () => {
    const found = flows([METER, plug("kettle"), roof()], { meter: -500, kettle: 100, roof: 900 });
    expect(sides(found)).toEqual([{ roof: 900 }, { kettle: 100, rest: 300, export: 500 }]);
  });

  it("shows an unmeasured source rather than a negative rest", () => {
    const found = flows([METER, plug("kettle")], { meter: 200, kettle: 1000 });
    expect(sides(found)).toEqual([{ grid: 200, unmetered: 800 }, { kettle: 1000 }]);
  });

  it("shows an unmeasured source for export without measured production", () => {
    expect(sides(flows([METER, plug("kettle")], { meter: -300, kettle: 50 }))).toEqual([
      { unmetered: 350 },
      { kettle: 50, export: 300 },
    ]);
  });

  it("counts an inverter that consumes power at night as a use", () => {
    expect(sides(flows([METER, roof()], { meter: 100, roof: -4 }))).toEqual([{ grid: 100 }, { roof: 4, rest: 96 }]);
  });

  it("counts a device as part of its parent", () => {
    const found = flows([METER, plug("strip"), plug("lamp", "strip")], { meter: 300, strip: 120, lamp: 40 });
    expect(sides(found)).toEqual([{ grid: 300 }, { strip: 120, rest: 180 }]);
  });

  it("counts the children of an unreachable device in its place", () => {
    const found = flows([METER, plug("strip"), plug("lamp", "strip")], { meter: 300, lamp: 40 });
    expect(sides(found)).toEqual([{ grid: 300 }, { lamp: 40, rest: 260 }]);
    expect(found.silent.map((one) => one.id)).toEqual(["strip"]);
  });

  it("counts the sub-devices of a gateway without measurements as part of the gateway's parent", () => {
    const gateway = device("gateway", { parent: "meter", points: ["rssi_dBm"] });
    const found = flows([METER, gateway, plug("heater", "gateway")], { meter: 500, heater: 400 });
    expect(sides(found)).toEqual([{ grid: 500 }, { heater: 400, rest: 100 }]);
  });

  it("counts a device without a parent in addition to the meter", () => {
    const found = flows([METER, plug("kettle"), plug("shed", "")], { meter: 1200, kettle: 1000, shed: 70 });
    expect(sides(found)).toEqual([
      { grid: 1200, unmetered: 70 },
      { kettle: 1000, shed: 70, rest: 200 },
    ]);
  });

  it("adds several meters", () => {
    const other = device("garage", { points: ["power_W", "energy_export_Wh"] });
    const found = flows([METER, other, plug("kettle"), plug("car", "garage")], {
      meter: 300,
      garage: 700,
      kettle: 100,
      car: 600,
    });
    expect(found.grid).toBe(1000);
    expect(sides(found)).toEqual([{ grid: 1000 }, { kettle: 100, car: 600, rest: 300 }]);
  });
});

describe("a home without a reachable meter", () => {
  it("sums the plugs", () => {
    const found = flows([METER, plug("kettle"), plug("fridge")], { kettle: 1000, fridge: 86 });
    expect(found.grid).toBeUndefined();
    expect(sides(found)).toEqual([{ unmetered: 1086 }, { kettle: 1000, fridge: 86 }]);
    expect(found.silent.map((one) => one.id)).toEqual(["meter"]);
  });

  it("does not treat a power strip among other plugs as a meter", () => {
    const found = flows([plug("strip", ""), plug("lamp", "strip"), plug("heater", "")], {
      strip: 120,
      lamp: 40,
      heater: 800,
    });
    expect(found.grid).toBeUndefined();
    expect(sides(found)).toEqual([{ unmetered: 920 }, { strip: 120, heater: 800 }]);
  });

  it("treats a breaker with all devices behind it as the meter, although it can switch", () => {
    const found = flows([plug("breaker", ""), plug("lamp", "breaker")], { breaker: 120, lamp: 40 });
    expect(found.grid).toBe(120);
  });

  it("is empty without measurements", () => {
    expect(flows([], {})).toEqual({ sources: [], uses: [], total: 0, grid: undefined, silent: [] });
  });
});

describe("a bar of many devices", () => {
  const many = (powers: number[]): Flow[] => [
    ...powers.map((W, at): Flow => ({ kind: "device", id: `d${at}`, W })),
    { kind: "rest", id: "", W: 5 },
    { kind: "export", id: "", W: 7 },
  ];

  it("is unchanged with ten shares, devices of 0 W not counted", () => {
    const ten = many([1, 2, 3, 4, 0, 5, 6, 0, 7, 8, 9, 10]);
    expect(joined(ten)).toBe(ten);
  });

  it("joins the smallest behind the other devices where more than ten have a share", () => {
    const found = joined(many([1, 20, 30, 40, 50, 60, 70, 80, 90, 2, 100]));
    expect(found.map((one) => one.id || one.kind)).toEqual([
      "d1",
      "d2",
      "d3",
      "d4",
      "d5",
      "d6",
      "d7",
      "d8",
      "d10",
      "small",
      "rest",
      "export",
    ]);
    expect(found[9]).toEqual({ kind: "small", id: "", W: 3, count: 2 });
  });

  it("always adds up, names each device once or counts it, and joins none that is larger than one with a name", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), (powers) => {
        const [before, after] = [many(powers), joined(many(powers))];
        const shares = after.filter((one) => one.kind === "device" && one.W > 0);
        const small = after.find((one) => one.kind === "small");
        expect(sum(after)).toBe(sum(before));
        expect(shares.length + (small ? 1 : 0)).toBeLessThanOrEqual(10);
        expect(shares.length + (small?.count ?? 0)).toBe(powers.filter((W) => W > 0).length);
        const [least, greatest] = [
          Math.min(...shares.map(({ W }) => W)),
          Math.max(...powers.filter((_, at) => !after.some((one) => one.id === `d${at}`))),
        ];
        if (small) expect(least).toBeGreaterThanOrEqual(greatest);
      }),
    );
  });
});

// --- any home ---------------------------------------------------------------------------------------------

const ids = ["a", "b", "c", "d", "e", "f"] as const;
const anyDevice = (id: string) =>
  fc
    .record({
      parent: fc.constantFrom("", ...ids),
      produces: fc.boolean(),
      points: fc.subarray(["on", "power_W", "energy_export_Wh"]),
      state: fc.constantFrom("online" as const, "seen" as const, "offline" as const),
    })
    .map((how) => device(id, how));
const anyHouse = fc.tuple(...ids.map(anyDevice));
const anyPower = fc.option(fc.double({ min: -20_000, max: 20_000, noNaN: true }), { nil: undefined });
const anyPowers = fc
  .tuple(...ids.map(() => anyPower))
  .map((all) => Object.fromEntries(ids.map((id, index) => [id, all[index]])));

describe("any home, with cycles of parents and power of any sign", () => {
  it("always adds up", () => {
    fc.assert(
      fc.property(anyHouse, anyPowers, (devices, powers) => {
        const found = flowsOf(planOf(devices), (id) => powers[id]);
        expect(Math.abs(sum(found.sources) - sum(found.uses))).toBeLessThan(1e-3);
        expect(found.total).toBeGreaterThanOrEqual(Math.max(sum(found.sources), sum(found.uses)));
      }),
      { numRuns: 500 },
    );
  });

  it("has no negative part, and no device twice", () => {
    fc.assert(
      fc.property(anyHouse, anyPowers, (devices, powers) => {
        const { sources, uses } = flowsOf(planOf(devices), (id) => powers[id]);
        const all = [...sources, ...uses];
        expect(all.every((one) => one.W >= 0)).toBe(true);
        const named = all.filter((one) => one.kind === "device").map((one) => one.id);
        expect(new Set(named).size).toBe(named.length);
      }),
      { numRuns: 500 },
    );
  });

  it("never counts a device together with its parent", () => {
    fc.assert(
      fc.property(anyHouse, anyPowers, (devices, powers) => {
        const plan = planOf(devices);
        const { sources, uses } = flowsOf(plan, (id) => powers[id]);
        const counted = new Set([...sources, ...uses].filter((one) => one.kind === "device").map((one) => one.id));
        for (const id of counted) {
          const rings = (parent: string) => plan.above.get(parent)?.includes(id);
          const above = plan.above.get(id)?.filter((parent) => counted.has(parent) && !rings(parent)) ?? [];
          expect(above).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
