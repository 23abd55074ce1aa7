import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Device, Energy, EnergyRow, Point } from "../data/shapes";
import { barsOf, EXPORT, IMPORT, risesOf, SOURCES, totalsOf } from "./energy";

function point(key: string, kind: Point["kind"] = "number"): Point {
  return { key, kind, unit: key.split("_").at(-1) ?? "", access: "r", exponent: -1, label: "", options: [], minimum: null, maximum: null, confidence: "" };
}

function device(id: string, more: Partial<Device> = {}, ...keys: string[]): Device {
  return {
    id, identity: id, family: "toy", state: "online", since: null, reason: "", link: "", profile: "", name: id, parent: "", main: "", room: "",
    points: [point("power_W"), point(IMPORT, "counter"), ...keys.map((key) => point(key, "counter"))],
    actions: [], produces: false, info: {}, schedule: [], ...more,
  };
}

const METER = device("meter", {}, EXPORT);
const KETTLE = device("kettle", { parent: "meter" });
const FRIDGE = device("fridge", { parent: "meter" });
const SOLAR = device("solar", { parent: "meter", produces: true });

function row(of: string, point: string, ...Wh: (number | null)[]): EnergyRow {
  return { device: of, point, Wh, estimated: Wh.map(() => false), gap: Wh.map(() => false) };
}

function energy(...rows: EnergyRow[]): Energy {
  const periods = rows[0]?.Wh.length ?? 0;
  return { by: "day", timezone: "Europe/Madrid", at: Array.from({ length: periods + 1 }, (_, index) => index * 86_400), rows };
}

const used = (bars: ReturnType<typeof barsOf>) => bars.bars.filter((bar) => bar.slot !== SOURCES);
const shape = (bars: ReturnType<typeof barsOf>) => used(bars).map((bar) => [bar.part, bar.device, bar.from, bar.to]);

describe("stacked bars", () => {
  it("have the rest on top and export below, and count nothing twice", () => {
    const answer = energy(row("meter", IMPORT, 1000), row("meter", EXPORT, 200), row("kettle", IMPORT, 300), row("fridge", IMPORT, 100));
    expect(shape(barsOf(answer, [METER, KETTLE, FRIDGE], "stacked"))).toEqual([
      ["device", "kettle", 0, 300],
      ["device", "fridge", 300, 400],
      ["rest", "", 400, 800],
      ["export", "meter", 0, -200],
    ]);
  });

  it("reach the total use, including solar power", () => {
    const answer = energy(row("meter", IMPORT, 1000), row("meter", EXPORT, 200), row("solar", IMPORT, 500), row("kettle", IMPORT, 300));
    const bars = barsOf(answer, [METER, KETTLE, SOLAR], "stacked");
    expect(Math.max(...used(bars).map((bar) => bar.to))).toBe(1300);
    expect(bars.low).toBe(-200);
    expect(used(bars).some((bar) => bar.device === "solar")).toBe(false);
  });

  it("have a bar of sources as long as use and export together", () => {
    const answer = energy(row("meter", IMPORT, 1000), row("meter", EXPORT, 200), row("solar", IMPORT, 500), row("kettle", IMPORT, 300));
    const { bars, high, low } = barsOf(answer, [METER, KETTLE, SOLAR], "stacked");
    expect(bars.filter((bar) => bar.slot === SOURCES).map((bar) => [bar.part, bar.from, bar.to])).toEqual([["import", 0, 1000], ["produced", 1000, 1500]]);
    expect(high).toBe(1300 - low);
  });

  it("of a meter alone are its import", () => {
    expect(shape(barsOf(energy(row("meter", IMPORT, 10), row("meter", EXPORT, 4)), [METER], "stacked"))).toEqual([
      ["import", "meter", 0, 10],
      ["export", "meter", 0, -4],
    ]);
  });

  it("without a meter are the plugs; unknown periods have none", () => {
    expect(shape(barsOf(energy(row("kettle", IMPORT, 3, null)), [KETTLE], "stacked"))).toEqual([["device", "kettle", 0, 3]]);
  });

  it("are marked as estimated, and then the rest is, too", () => {
    const answer = energy(row("meter", IMPORT, 10), row("meter", EXPORT, 0), { ...row("kettle", IMPORT, 4), estimated: [true] });
    expect(used(barsOf(answer, [METER, KETTLE], "stacked")).map((bar) => [bar.part, bar.estimated])).toEqual([["device", true], ["rest", true]]);
  });

  it("have the same height for any split between plugs, unless they used more than was imported", () => {
    const Wh = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(Wh, Wh, Wh, Wh, (bought, sold, kettle, fridge) => {
        const answer = energy(row("meter", IMPORT, bought), row("meter", EXPORT, sold), row("kettle", IMPORT, kettle), row("fridge", IMPORT, fridge));
        const bars = barsOf(answer, [METER, KETTLE, FRIDGE], "stacked");
        expect(Math.max(0, ...used(bars).map((bar) => bar.to))).toBeCloseTo(Math.max(bought - sold, kettle + fridge, 0), 6);
        expect(bars.high).toBeCloseTo(Math.max(bought, kettle + fridge, 0), 6);
        expect(bars.low).toBeCloseTo(-sold, 6);
      }),
      { numRuns: 100 },
    );
  });
});

describe("grouped bars", () => {
  it("are next to each other, with export below import", () => {
    const answer = energy(row("meter", IMPORT, 10), row("meter", EXPORT, 4), row("kettle", IMPORT, 3), row("solar", IMPORT, 2));
    const bars = barsOf(answer, [METER, KETTLE, SOLAR], "grouped");
    expect(bars.slots).toBe(3);
    expect(bars.bars.map((bar) => [bar.part, bar.slot, bar.to])).toEqual([["import", 0, 10], ["export", 0, -4], ["device", 1, 3], ["produced", 2, 2]]);
  });
});

describe("the total of a range", () => {
  it("of a home with a meter is import minus export plus production", () => {
    const answer = energy(row("meter", IMPORT, 1000, 500), row("meter", EXPORT, 200, 0), row("solar", IMPORT, 500, null), row("kettle", IMPORT, 300, 1));
    const totals = totalsOf(answer, [METER, KETTLE, SOLAR]);
    expect(totals).toMatchObject({ import: 1500, export: 200, produced: 500, used: 1800, isKnown: true, estimated: false });
    expect(totals.each.map((one) => [one.part, one.device, one.Wh])).toEqual([
      ["import", "meter", 1500], ["export", "meter", 200], ["device", "kettle", 301], ["produced", "solar", 500], ["rest", "", 1499],
    ]);
  });

  it("without a meter is the sum of the plugs", () => {
    expect(totalsOf(energy(row("kettle", IMPORT, 3)), [KETTLE])).toMatchObject({ import: undefined, used: 3 });
  });

  it("without values is unknown", () => {
    expect(totalsOf(energy(row("kettle", IMPORT, null)), [KETTLE])).toMatchObject({ isKnown: false, used: 0 });
  });
});

describe("rises", () => {
  it("exclude other counters", () => {
    expect(risesOf(energy(row("meter", "energy_L1_Wh", 7))).size).toBe(0);
  });
});
