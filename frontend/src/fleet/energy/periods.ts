/**
 * Energy of many homes as bars and as a table. Pure.
 *
 *     FleetEnergy ──► Energy with one device for each direction ──► the bars that a home has too
 */
import type { Energy } from "../../data/shapes";
import { dayFrom, instantOf, shifted, type Day, type Range } from "../../time/calendar";
import type { Bar, Bars } from "../../history/energy";
import { csvText } from "../../history/table";
import type { FleetEnergy } from "../shapes";

/** What is asked for: the days of a month, or the months of a year. */
export type FleetView = Readonly<{ by: "day" | "month"; on: Day; org: number | null }>;

export const RANGE_OF: Readonly<Record<FleetView["by"], Range>> = { day: "month", month: "year" };

export function viewOf(query: URLSearchParams, today: Day): FleetView {
  const org = Number(query.get("org") || NaN);
  return {
    by: query.get("by") === "month" ? "month" : "day",
    on: dayFrom(query.get("on")) ?? today,
    org: Number.isSafeInteger(org) ? org : null,
  };
}

/** The first and the last day of the period, as the API takes them. */
export function datesOf({ by, on }: FleetView): { first: Day; last: Day } {
  const range = RANGE_OF[by];
  const first = shifted(range, on, 0);
  return { first, last: shifted("day", shifted(range, on, 1), -1) };
}

/** The begin of each period and the end of the last one, in a zone. */
function instants({ periods }: Pick<FleetEnergy, "periods">, zone: string): number[] {
  const days = periods.map((one) => dayFrom(one.length === 7 ? `${one}-01` : one));
  const known = days.filter((one) => one !== undefined);
  const last = known.at(-1);
  const isMonth = periods[0]?.length === 7;
  return last ? [...known, shifted(isMonth ? "month" : "day", last, 1)].map((one) => instantOf(one, zone)) : [];
}

export type Sums = Readonly<{ import: number | null; export: number | null; solar: number | null }>;

export function sumsOf(
  rows: readonly { import_Wh: number | null; export_Wh: number | null; solar_Wh: number | null }[],
): Sums {
  const sum = (values: readonly (number | null)[]) =>
    values.some((one) => one !== null) ? values.reduce<number>((total, one) => total + (one ?? 0), 0) : null;
  return {
    import: sum(rows.map((one) => one.import_Wh)),
    export: sum(rows.map((one) => one.export_Wh)),
    solar: sum(rows.map((one) => one.solar_Wh)),
  };
}

/** The periods as the chart of bars takes them. */
export function energyOf(answer: FleetEnergy, zone: string): Energy {
  const row = (point: string, Wh: (number | null)[]) => ({
    device: "homes",
    point,
    Wh,
    estimated: [],
    gap: [],
    edited: [],
    void: [],
  });
  return {
    by: answer.by,
    timezone: zone,
    at: instants(answer, zone),
    rows: [
      row(
        "energy_import_Wh",
        answer.total.map((one) => one.import_Wh),
      ),
      row(
        "energy_export_Wh",
        answer.total.map((one) => one.export_Wh),
      ),
    ],
  };
}

/** From the grid, made and used at home on top of it, and downwards what went to the grid. */
export function barsOf({ total }: Pick<FleetEnergy, "total">): Bars {
  const bars = total.flatMap((one, period): Bar[] => {
    const [taken, given] = [one.import_Wh ?? 0, one.export_Wh ?? 0];
    const kept = Math.max(0, (one.solar_Wh ?? 0) - given);
    const bar = (part: Bar["part"], from: number, to: number): Bar[] =>
      from === to ? [] : [{ part, device: part, period, from, to, slot: 0, estimated: false }];
    return [...bar("import", 0, taken), ...bar("produced", taken, taken + kept), ...bar("export", 0, -given)];
  });
  const ends = bars.map((one) => one.to);
  return { bars, slots: 1, low: Math.min(0, ...ends), high: Math.max(0, ...ends) };
}

/** `period,homes,import_Wh,export_Wh,solar_Wh`: the sums that are shown. */
export function sumsCsv({ periods, total }: FleetEnergy): string {
  const rows = total.map((one, index) => [
    periods[index] ?? "",
    one.homes,
    one.import_Wh ?? "",
    one.export_Wh ?? "",
    one.solar_Wh ?? "",
  ]);
  return csvText([["period", "homes", "import_Wh", "export_Wh", "solar_Wh"], ...rows]);
}
