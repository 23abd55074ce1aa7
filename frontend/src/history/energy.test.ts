import fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Device, Energy, EnergyRow, Point } from "../data/shapes";
import { barsOf, EXPORT, heightsOf, IMPORT, isComplete, monthsOf, risesOf, sharesOf, totalsOf, until } from "./energy";

function point(key: string, kind: Point["kind"] = "number"): Point {
  return {
    key,
    kind,
    unit: key.split("_").at(-1) ?? "",
    access: "r",
    exponent: -1,
    label: "",
    options: [],
    minimum: null,
    maximum: null,
    confidence: "",
  };
}

function device(id: string, more: Partial<Device> = {}, ...keys: string[]): Device {
  return {
    id,
    identity: id,
    family: "toy",
    state: "online",
    since: null,
    reason: "",
    link: "",
    profile: "",
    name: id,
    parent: "",
    main: "",
    room: "",
    points: [point("power_W"), point(IMPORT, "counter"), ...keys.map((key) => point(key, "counter"))],
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

const METER = device("meter", {}, EXPORT);
const KETTLE = device("kettle", { parent: "meter" });
const FRIDGE = device("fridge", { parent: "meter" });
const SOLAR = device("solar", { parent: "meter", produces: true });

function row(of: string, point: string, ...Wh: (number | null)[]): EnergyRow {
  return { device: of, point, Wh, estimated: Wh.map(() => false), gap: Wh.map(() => false), edited: [], void: [] };
}

function energy(...rows: EnergyRow[]): Energy {
  const periods = rows[0]?.Wh.length ?? 0;
  return {
    by: "day",
    timezone: "Europe/Madrid",
    at: Array.from({ length: periods + 1 }, (_, index) => index * 86_400),
    rows,
  };
}

const shape = (bars: ReturnType<typeof barsOf>) => bars.bars.map((bar) => [bar.part, bar.device, bar.from, bar.to]);

describe("stacked bars", () => {
  it("have the rest on top and export below, and count nothing twice", () => {
    const answer = energy(
      row("meter", IMPORT, 1000),
      row("meter", EXPORT, 200),
      row("kettle", IMPORT, 300),
      row("fridge", IMPORT, 100),
    );
    expect(shape(barsOf(answer, [METER, KETTLE, FRIDGE], "stacked"))).toEqual([
      ["device", "kettle", 0, 300],
      ["device", "fridge", 300, 400],
      ["rest", "", 400, 800],
      ["export", "meter", 0, -200],
    ]);
  });

  it("reach the total use, including solar power", () => {
    const answer = energy(
      row("meter", IMPORT, 1000),
      row("meter", EXPORT, 200),
      row("solar", IMPORT, 500),
      row("kettle", IMPORT, 300),
    );
    const bars = barsOf(answer, [METER, KETTLE, SOLAR], "stacked");
    expect(Math.max(...bars.bars.map((bar) => bar.to))).toBe(1300);
    expect(bars.low).toBe(-200);
    expect(bars.bars.some((bar) => bar.device === "solar")).toBe(false);
  });

  it("of a meter alone are its import", () => {
    expect(shape(barsOf(energy(row("meter", IMPORT, 10), row("meter", EXPORT, 4)), [METER], "stacked"))).toEqual([
      ["import", "meter", 0, 10],
      ["export", "meter", 0, -4],
    ]);
  });

  it("without a meter are the plugs; unknown periods have none", () => {
    expect(shape(barsOf(energy(row("kettle", IMPORT, 3, null)), [KETTLE], "stacked"))).toEqual([
      ["device", "kettle", 0, 3],
    ]);
  });

  it("are marked as estimated, and then the rest is, too", () => {
    const answer = energy(row("meter", IMPORT, 10), row("meter", EXPORT, 0), {
      ...row("kettle", IMPORT, 4),
      estimated: [true],
    });
    expect(barsOf(answer, [METER, KETTLE], "stacked").bars.map((bar) => [bar.part, bar.estimated])).toEqual([
      ["device", true],
      ["rest", true],
    ]);
  });

  it("have the same height for any split between plugs, unless they used more than was imported", () => {
    const Wh = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(Wh, Wh, Wh, Wh, (bought, sold, kettle, fridge) => {
        const answer = energy(
          row("meter", IMPORT, bought),
          row("meter", EXPORT, sold),
          row("kettle", IMPORT, kettle),
          row("fridge", IMPORT, fridge),
        );
        const bars = barsOf(answer, [METER, KETTLE, FRIDGE], "stacked");
        expect(Math.max(0, ...bars.bars.map((bar) => bar.to))).toBeCloseTo(
          Math.max(bought - sold, kettle + fridge, 0),
          6,
        );
        expect(bars.high).toBeCloseTo(Math.max(bought - sold, kettle + fridge, 0), 6);
        expect(bars.low).toBeCloseTo(-sold, 6);
      }),
      { numRuns: 100 },
    );
  });
});

describe("bars of sources", () => {
  const answer = energy(
    row("meter", IMPORT, 1000),
    row("meter", EXPORT, 200),
    row("solar", IMPORT, 500),
    row("kettle", IMPORT, 300),
  );

  it("are the import and what was made and used here, as long as the use; export below", () => {
    expect(shape(barsOf(answer, [METER, KETTLE, SOLAR], "sources"))).toEqual([
      ["import", "meter", 0, 1000],
      ["export", "meter", 0, -200],
      ["produced", "solar", 1000, 1300],
    ]);
    expect(barsOf(answer, [METER, KETTLE, SOLAR], "sources").high).toBe(
      barsOf(answer, [METER, KETTLE, SOLAR], "stacked").high,
    );
  });

  it("have no production if more was exported", () => {
    const more = energy(row("meter", IMPORT, 10), row("meter", EXPORT, 700), row("solar", IMPORT, 500));
    expect(shape(barsOf(more, [METER, SOLAR], "sources"))).toEqual([
      ["import", "meter", 0, 10],
      ["export", "meter", 0, -700],
    ]);
  });
});

describe("what no device measures", () => {
  it("can be shown alone, from zero", () => {
    const answer = energy(row("meter", IMPORT, 1000), row("meter", EXPORT, 0), row("kettle", IMPORT, 300));
    expect(shape(barsOf(answer, [METER, KETTLE], "stacked", true))).toEqual([["rest", "", 0, 700]]);
  });
});

describe("grouped bars", () => {
  it("are next to each other, with export below import", () => {
    const answer = energy(
      row("meter", IMPORT, 10),
      row("meter", EXPORT, 4),
      row("kettle", IMPORT, 3),
      row("solar", IMPORT, 2),
    );
    const bars = barsOf(answer, [METER, KETTLE, SOLAR], "grouped");
    expect(bars.slots).toBe(3);
    expect(bars.bars.map((bar) => [bar.part, bar.slot, bar.to])).toEqual([
      ["import", 0, 10],
      ["export", 0, -4],
      ["device", 1, 3],
      ["produced", 2, 2],
    ]);
  });
});

describe("the total of a range", () => {
  it("of a home with a meter is import minus export plus production", () => {
    const answer = energy(
      row("meter", IMPORT, 1000, 500),
      row("meter", EXPORT, 200, 0),
      row("solar", IMPORT, 500, null),
      row("kettle", IMPORT, 300, 1),
    );
    const totals = totalsOf(answer, [METER, KETTLE, SOLAR]);
    expect(totals).toMatchObject({
      import: 1500,
      export: 200,
      produced: 500,
      used: 1800,
      isKnown: true,
      estimated: false,
    });
    expect(totals.each.map((one) => [one.part, one.device, one.Wh])).toEqual([
      ["import", "meter", 1500],
      ["export", "meter", 200],
      ["device", "kettle", 301],
      ["produced", "solar", 500],
      ["rest", "", 1499],
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

describe("comparing periods", () => {
  const answer = energy(row("kettle", IMPORT, 1, 2, null), row("fridge", IMPORT, 10, null, null));

  it("needs the length of each bar, and whether it is known", () => {
    expect(heightsOf(answer, barsOf(answer, [KETTLE, FRIDGE], "stacked"))).toEqual([11, 2, undefined]);
    expect([isComplete(answer), isComplete(until(answer, 2 * 86_400)), isComplete(until(answer, 0))]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("adds up the parts", () => {
    expect(sharesOf(barsOf(answer, [KETTLE, FRIDGE], "stacked").bars)).toEqual([
      { part: "device", device: "kettle", Wh: 3, estimated: false },
      { part: "device", device: "fridge", Wh: 10, estimated: false },
    ]);
  });

  it("takes only periods that have ended by then", () => {
    const cut = until(answer, 1.5 * 86_400);
    expect([cut.at, cut.rows.map((one) => one.Wh)]).toEqual([
      [0, 86_400],
      [[1], [10]],
    ]);
  });

  it("adds days up to months of the local calendar", () => {
    const days = { ...energy(row("kettle", IMPORT, ...Array.from({ length: 59 }, () => 1))), timezone: "UTC" };
    const months = monthsOf(days);
    expect([months.by, months.at.map((at) => at / 86_400), months.rows[0]!.Wh]).toEqual([
      "month",
      [0, 31, 59],
      [31, 28],
    ]);
  });

  it("leaves months unknown of which no day is known", () => {
    const days = {
      ...energy({
        ...row("kettle", IMPORT, ...Array.from({ length: 40 }, (_, day) => (day < 31 ? null : 2))),
        estimated: Array.from({ length: 40 }, (_, day) => day === 33),
      }),
      timezone: "UTC",
    };
    expect(monthsOf(days).rows[0]).toMatchObject({ Wh: [null, 18], estimated: [false, true] });
  });
});
