/** The heat map: every hour has its cell, also on days on which the clocks change. */
import { expect, test } from "vitest";

import type { Device, Energy } from "../../data/shapes";
import { instantOf } from "../../time/calendar";
import { askedOf, cellTime, heatOf, meansOf, movedCell, shadeOf, SHADES, heatOfCosts } from "./heat";
import type { Costs } from "../../costs/shapes";

const ZONE = "Europe/Madrid";
const energyPoints = ["power_W", "energy_import_Wh"].map((key) => ({
  key,
  kind: "number",
  unit: "W",
  access: "r",
  exponent: 0,
  label: "",
}));

function device(id: string, more: object = {}): Device {
  return {
    id,
    name: id,
    state: "online",
    parent: "",
    produces: false,
    points: energyPoints,
    ...more,
  } as unknown as Device;
}

const METER = device("meter", { points: [...energyPoints, { ...energyPoints[1], key: "energy_export_Wh" }] });
const KETTLE = device("kettle", { parent: "meter" });

/** Hours from the first of a month on; each row is its point and a function of the hour. */
function hours(
  year: number,
  month: number,
  count: number,
  rows: Record<string, (hour: number) => number | null>,
): Energy {
  const start = instantOf({ year, month, day: 1 }, ZONE);
  const at = Array.from({ length: count + 1 }, (_, hour) => start + hour * 3600);
  const columns = Object.entries(rows).map(([name, Wh]) => {
    const [id = "", point = ""] = name.split(".");
    const values = at.slice(1).map((_, hour) => Wh(hour));
    return { device: id, point, Wh: values, estimated: values.map(() => false), gap: values.map(() => false) };
  });
  return { by: "hour", timezone: ZONE, at, rows: columns } as Energy;
}

test("each hour of a month of 31 days has its cell", () => {
  const heat = heatOf(hours(2026, 1, 31 * 24, { "meter.energy_import_Wh": (hour) => hour }), [METER], "month", {
    year: 2026,
    month: 1,
    day: 5,
  });
  expect([heat.days, heat.cells.length, heat.cells.every((cell) => cell !== undefined)]).toEqual([31, 744, true]);
  expect(heat.cells[25]?.use).toBe(25);
  expect(heat.mostUse).toBe(743);
  expect(cellTime(heat, 25)).toEqual({ day: { year: 2026, month: 1, day: 2 }, hour: 1 });
});

test("of a day with 23 hours one cell is empty, a day with 25 hours adds two up, and nothing is lost", () => {
  const march = heatOf(hours(2026, 3, 31 * 24 - 1, { "meter.energy_import_Wh": () => 1 }), [METER], "month", {
    year: 2026,
    month: 3,
    day: 1,
  });
  expect(march.cells[28 * 24 + 2]).toBeUndefined(); // 29 March, 2 to 3
  expect(march.use).toBe(743);
  const october = heatOf(hours(2026, 10, 31 * 24 + 1, { "meter.energy_import_Wh": () => 1 }), [METER], "month", {
    year: 2026,
    month: 10,
    day: 1,
  });
  expect(october.cells[24 * 24 + 2]?.use).toBe(2); // 25 October, 2 to 3, twice
  expect(october.use).toBe(745);
});

test("hours that are not known stay empty, and so do those that are to come", () => {
  const heat = heatOf(
    hours(2026, 1, 30, { "meter.energy_import_Wh": (hour) => (hour === 3 ? null : 5) }),
    [METER],
    "month",
    { year: 2026, month: 1, day: 1 },
  );
  expect([heat.cells[2]?.use, heat.cells[3], heat.cells[40]]).toEqual([5, undefined, undefined]);
});

test("the larger of import and export decides the colour, and any amount is visible", () => {
  const rows = {
    "meter.energy_import_Wh": (hour: number) => [1200, 100, 1, 0][hour] ?? 0,
    "meter.energy_export_Wh": (hour: number) => [0, 400, 0, 0][hour] ?? 0,
  };
  const heat = heatOf(hours(2026, 1, 4, rows), [METER, KETTLE], "month", { year: 2026, month: 1, day: 1 });
  const shades = heat.cells.slice(0, 4).map((cell) => shadeOf(cell!, heat));
  expect(shades).toEqual([
    { isGiven: false, shade: SHADES },
    { isGiven: true, shade: SHADES },
    { isGiven: false, shade: 1 },
    { isGiven: false, shade: 0 },
  ]);
  expect(heat.hasMeter).toBe(true);
});

test("a meter is asked alone; without one, all devices are, and their use is added up", () => {
  expect(askedOf([METER, KETTLE]).map((one) => one.id)).toEqual(["meter"]);
  const plugs = [device("kettle"), device("tv")];
  expect(askedOf(plugs).map((one) => one.id)).toEqual(["kettle", "tv"]);
  const heat = heatOf(
    hours(2026, 1, 2, { "kettle.energy_import_Wh": () => 30, "tv.energy_import_Wh": () => 12 }),
    plugs,
    "month",
    { year: 2026, month: 1, day: 1 },
  );
  expect([heat.cells[0]?.use, heat.given, heat.hasMeter]).toEqual([42, 0, false]);
});

test("the table has the mean of each hour of the day, by month", () => {
  const heat = heatOf(
    hours(2026, 1, 59 * 24, { "meter.energy_import_Wh": (hour) => (hour % 24) + (hour < 24 ? 31 : 0) }),
    [METER],
    "year",
    { year: 2026, month: 5, day: 1 },
  );
  const { months, use } = meansOf(heat);
  expect(months.length).toBe(12);
  expect([use[0]?.[6], use[1]?.[6], use[2]?.[6]]).toEqual([7, 6, undefined]);
});

test("arrow keys stay on the map", () => {
  const heat = heatOf(hours(2026, 1, 1, {}), [METER], "month", { year: 2026, month: 1, day: 1 });
  expect([movedCell(heat, 0, -1, 0), movedCell(heat, 0, 1, 1), movedCell(heat, 743, 1, 1)]).toEqual([0, 25, 743]);
});

test("a map of costs has what was paid and what was earned in each hour, without standing charges", () => {
  const start = Date.UTC(2026, 10, 1) / 1000;
  const row = (kind: string, cost: string[]) => ({ kind, id: kind, name: "", inside: "", cost, kWh: [], kg: [] });
  const costs = {
    at: [start, start + 3600, start + 7200],
    timezone: "UTC",
    rows: [row("device", ["0.10", "0.02"]), row("fixed", ["5", "5"]), row("feed_in", ["0", "-0.30"])],
  } as unknown as Costs;
  const heat = heatOfCosts(costs, costs.rows, "cost", "month", { year: 2026, month: 11, day: 1 });
  expect(heat.cells.slice(0, 3)).toEqual([
    { use: 0.1, given: 0, estimated: false },
    { use: 0.02, given: 0.3, estimated: false },
    undefined,
  ]);
  expect([heat.use.toFixed(2), heat.given, heat.mostUse]).toEqual(["0.12", 0.3, 0.1]);
});
