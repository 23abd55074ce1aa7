import { describe, expect, it } from "vitest";

import { barsOf, datesOf, energyOf, sumsCsv, sumsOf, viewOf } from "./periods";
import type { FleetEnergy } from "../shapes";

const TODAY = { year: 2026, month: 11, day: 30 };
const sum = (import_Wh: number | null, export_Wh: number | null = null, solar_Wh: number | null = null) => ({
  homes: 3,
  import_Wh,
  export_Wh,
  solar_Wh,
});
const answer = (periods: string[], total: FleetEnergy["total"]): FleetEnergy => ({
  by: periods[0]?.length === 7 ? "month" : "day",
  periods,
  total,
  homes: [],
  next: null,
});

describe("energy of many homes", () => {
  it("is that of a month by day, or of a year by month", () => {
    expect(datesOf(viewOf(new URLSearchParams(""), TODAY))).toEqual({
      first: { year: 2026, month: 11, day: 1 },
      last: TODAY,
    });
    expect(datesOf(viewOf(new URLSearchParams("by=month&on=2024-02-29&org=2"), TODAY))).toEqual({
      first: { year: 2024, month: 1, day: 1 },
      last: { year: 2024, month: 12, day: 31 },
    });
  });

  it("has the periods of the calendar, also with a day of 25 hours", () => {
    const { at } = energyOf(
      answer(["2026-10-24", "2026-10-25", "2026-10-26"], [sum(1), sum(2), sum(3)]),
      "Europe/Madrid",
    );
    expect(at.slice(1).map((end, index) => (end - at[index]!) / 3600)).toEqual([24, 25, 24]);
    expect(energyOf(answer(["2026-02", "2026-03"], [sum(1), sum(2)]), "UTC").at.length).toBe(3);
    expect(energyOf(answer([], []), "UTC").at).toEqual([]);
  });

  it("is drawn from the grid upwards, what was made and used on top, export downwards", () => {
    const { bars, low, high } = barsOf(answer(["2026-11-01", "2026-11-02"], [sum(100, 20, 50), sum(null)]));
    expect(bars.map((one) => [one.part, one.from, one.to])).toEqual([
      ["import", 0, 100],
      ["produced", 100, 130],
      ["export", 0, -20],
    ]);
    expect([low, high]).toEqual([-20, 130]);
  });

  it("is added up where it is known", () => {
    expect(sumsOf([sum(1, null), sum(null, null), sum(2, null)])).toEqual({ import: 3, export: null, solar: null });
    expect(sumsCsv(answer(["2026-11-01"], [sum(1, null, 5)]))).toBe(
      "period,homes,import_Wh,export_Wh,solar_Wh\r\n2026-11-01,3,1,,5\r\n",
    );
  });
});
