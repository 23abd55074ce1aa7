/** The data of a chart as a table, and as CSV (RFC 4180) for spreadsheets. */
import { amountText, formatter, NOTHING, quantityText, THIN } from "../text/format";
import type { Energy, Series } from "../data/shapes";
import { say } from "../text/words";
import {
  dayOf,
  instantOf,
  isSameDay,
  offsetAt,
  plusDays,
  shifted,
  wallOf,
  type Span,
  PERIOD_NAMES,
} from "../time/calendar";
import { heldRows, rowsOf, summaryOf, type Row } from "../charts/columns";

/** `step`: `15 min`, what one row sums up; "" for a row of each value. */
export type Table = Readonly<{ head: readonly string[]; rows: readonly (readonly string[])[]; step: string }>;

/** A series with its display name. */
export type Named = Readonly<{ series: Series; name: string }>;

export const MOST_ROWS = 62; // a month of days twice: more is not read, and the CSV file has everything

/**
 * One row for each time at which any series has a value, newest first; for longer spans one for each step of the clock.
 */
export function historyTable(all: readonly Named[], span: Span, zone: string, step = 0, most = MOST_ROWS): Table {
  const head = [say("history.time"), ...all.map((one) => one.name)];
  const byTime = new Map<number, (Row | undefined)[]>();
  all.forEach(({ series }, which) => {
    for (const row of rowsOf(series)) {
      if (row.at < span.start || row.at > span.end) continue;
      const cells = byTime.get(row.at) ?? [];
      cells[which] = row;
      byTime.set(row.at, cells);
    }
  });
  if (byTime.size > most) return steppedTable(all, span, zone, step, most, head);
  const times = [...byTime.keys()].sort((one, other) => other - one);
  const rows = times.map((at) => {
    const cells = byTime.get(at) ?? [];
    return [momentText(at, zone), ...all.map(({ series }, which) => cellText(cells[which], series))];
  });
  return { head, rows, step: "" };
}

const STEPS: readonly number[] = [10, 60, 300, 900, 3600, 3 * 3600, 6 * 3600]; // s; then days and months
const INSIDE = 0.001; // s: a value on the border of a step belongs to one step only

/**
 * Means of equal steps, of days or of months, with the lowest and highest value of each; steps without values are left
 * out.
 */
function steppedTable(
  all: readonly Named[],
  span: Span,
  zone: string,
  step: number,
  most: number,
  head: readonly string[],
): Table {
  const { borders, name, by } = stepsOf(span, zone, most);
  const held = all.map(({ series }) => heldRows(series, step, span.end));
  const rows = borders.slice(0, -1).map((start, index): string[] => {
    const part = {
      start: Math.max(start, span.start) + INSIDE,
      end: Math.min(borders[index + 1] ?? start, span.end) - INSIDE,
    };
    const cells = all.map(({ series }, which) => meanText(summaryOf(held[which] ?? [], part), series));
    return [by ? periodText(start, by, zone) : momentText(start, zone).slice(0, -3), ...cells];
  });
  return { head, rows: rows.filter(([, ...cells]) => cells.some((cell) => cell !== "")).reverse(), step: name };
}

function stepsOf(
  span: Span,
  zone: string,
  most: number,
): { borders: number[]; name: string; by: "day" | "month" | undefined } {
  const step = STEPS.find((one) => (span.end - span.start) / one <= most);
  const first = dayOf(span.start, zone);
  if (step) {
    const midnight = instantOf(first, zone);
    const start = midnight + Math.floor((span.start - midnight) / step) * step;
    const name = step < 60 ? `${step}${THIN}s` : step < 3600 ? `${step / 60}${THIN}min` : `${step / 3600}${THIN}h`;
    return {
      borders: Array.from({ length: Math.ceil((span.end - start) / step) + 1 }, (_, index) => start + index * step),
      name,
      by: undefined,
    };
  }
  const by = (span.end - span.start) / 86_400 <= most ? "day" : "month";
  const borders = [instantOf(by === "day" ? first : { ...first, day: 1 }, zone)];
  for (let day = first; (borders.at(-1) ?? span.end) < span.end; ) {
    day = by === "day" ? plusDays(day, 1) : shifted("month", day, 1);
    borders.push(instantOf(day, zone));
  }
  return { borders, name: say(PERIOD_NAMES[by]), by };
}

function meanText(summary: ReturnType<typeof summaryOf>, series: Series): string {
  if (!summary) return "";
  if (series.kind === "switch") return say("history.on_part", { percent: Math.round(summary.mean * 100) });
  const [mean, low, high] = [summary.mean, summary.low, summary.high].map((value) =>
    quantityText(value, series.unit, series.exponent),
  ) as [string, string, string];
  return low === high ? mean : say("history.mean_band", { mean, low, high });
}

/** `1.02 kW (0.98 kW to 1.10 kW), estimated`; a gap is a dash; "" if there is no value at that time. */
function cellText(row: Row | undefined, series: Series): string {
  if (!row) return "";
  if (row.y === null) return NOTHING;
  const text = (value: number) => quantityText(value, series.unit, series.exponent);
  const [mean, low, high] = [text(row.y), text(row.low ?? row.y), text(row.high ?? row.y)];
  const band = low === high ? mean : say("history.mean_band", { mean, low, high });
  return row.mark ? `${band}, ${say(`app.quality_${row.mark.quality}`)}` : band;
}

/** One row for each period. `names`: the display name of each row of the answer. */
export function energyTable(energy: Energy, names: readonly string[], zone: string): Table {
  const rows = periodsOf(energy).map(([start], period) => {
    const cells = energy.rows.map((row) => {
      const Wh = row.Wh[period];
      const isKnown = Wh !== null && Wh !== undefined;
      return [isKnown ? amountText(Wh) : NOTHING, ...marksOf(row, period)].join(", ");
    });
    return [periodText(start, energy.by, zone), ...cells];
  });
  return { head: [say(PERIOD_NAMES[energy.by]), ...names], rows, step: "" };
}

/** What is said of the energy of a period: estimated, corrected, marked as wrong. */
export function marksOf(row: Energy["rows"][number], period: number): string[] {
  const isKnown = typeof row.Wh[period] === "number";
  const [isEdited, isVoid] = [row.edited[period] ?? false, row.void[period] ?? false];
  const marks = [
    isEdited ? say("history.corrected") : isKnown && row.estimated[period] ? say("app.quality_estimated") : "",
    isVoid ? say(isKnown ? "history.partly_wrong" : "edits.is_void") : "",
  ];
  return marks.filter(Boolean);
}

/**
 * `start,end,kettle.energy_import_Wh,kettle.energy_import_Wh estimated,… edited,… void,…`: unknown values are empty.
 */
export function energyCsv(energy: Energy, zone: string): string {
  const keys = energy.rows.map((row) => `${row.device}.${row.point}`);
  const head = ["start", "end", ...keys.flatMap((key) => [key, `${key} estimated`, `${key} edited`, `${key} void`])];
  const rows = periodsOf(energy).map(([start, end], period) => [
    isoText(start, zone),
    isoText(end, zone),
    ...energy.rows.flatMap((row): (string | number)[] => {
      const Wh = row.Wh[period];
      const marks = [row.edited[period] ? 1 : 0, row.void[period] ? 1 : 0];
      return Wh === null || Wh === undefined ? ["", "", ...marks] : [Wh, row.estimated[period] ? 1 : 0, ...marks];
    }),
  ]);
  return csvText([head, ...rows]);
}

/** `time,kettle.power_W,…`: the values at each time, empty where a series has none. */
export function historyCsv(all: readonly Series[], zone: string): string {
  const byTime = new Map<number, (number | string)[]>();
  all.forEach((series, which) => {
    for (const row of rowsOf(series)) {
      const cells = byTime.get(row.at) ?? all.map(() => "");
      cells[which] = row.y ?? "";
      byTime.set(row.at, cells);
    }
  });
  const rows = [...byTime].sort(([one], [other]) => one - other).map(([at, cells]) => [isoText(at, zone), ...cells]);
  return csvText([["time", ...all.map((one) => `${one.device}.${one.point}`)], ...rows]);
}

/** Lines end in CR LF; cells with commas, quotes or line breaks are quoted. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) =>
    /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** `2026-10-25T02:00:00+01:00`: unambiguous when the clocks go back. */
export function isoText(at: number, zone: string): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const { year, month, day, hour, minute, second } = wallOf(at, zone);
  const offset = offsetAt(at, zone);
  const offsetMinutes = Math.abs(offset) / 60;
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
  return `${date}${offset < 0 ? "-" : "+"}${two(offsetMinutes / 60)}:${two(offsetMinutes % 60)}`;
}

/** `Fri 20 Nov 14:03:05`. */
export function momentText(at: number, zone: string): string {
  const options: Intl.DateTimeFormatOptions = {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  return formatter(zone, options)
    .format(at * 1000)
    .replaceAll(",", "");
}

/** `14:00`, with its offset if that hour occurs twice (`02:00 +01:00`); `Fri 20 Nov`; `November 2026`. */
export function periodText(at: number, by: Energy["by"], zone: string): string {
  if (by === "month") return formatter(zone, { month: "long", year: "numeric" }).format(at * 1000);
  if (by === "day")
    return formatter(zone, { weekday: "short", day: "numeric", month: "short" })
      .format(at * 1000)
      .replace(",", "");
  const hour = formatter(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);
  return isTwice(at, zone) ? `${hour} ${isoText(at, zone).slice(-6)}` : hour;
}

/** Whether that local time occurs twice on that day. */
function isTwice(at: number, zone: string): boolean {
  const day = dayOf(at, zone);
  const wall = wallOf(at, zone);
  return [-3600, -1800, 1800, 3600].some((by) => {
    const other = wallOf(at + by, zone);
    return isSameDay(day, other) && other.hour === wall.hour && other.minute === wall.minute;
  });
}

function periodsOf(energy: Energy): [number, number][] {
  return energy.at.slice(1).map((end, index) => [energy.at[index] ?? end, end]);
}
