/** The data of a chart as a table, and as CSV (RFC 4180) for spreadsheets. */
import { formatter, NOTHING, quantityText } from "../text/format";
import type { Energy, Series } from "../data/shapes";
import { say } from "../text/words";
import { dayOf, isSameDay, offsetAt, wallOf, type Span } from "./calendar";
import { rowsOf, type Row } from "./columns";

/** `left`: number of rows that are not included. */
export type Table = Readonly<{ head: readonly string[]; rows: readonly (readonly string[])[]; left: number }>;

/** A series with its display name. */
export type Named = Readonly<{ series: Series; name: string }>;

export const MOST_ROWS = 300;

/** One row for each time at which any series has a value, newest first. */
export function historyTable(all: readonly Named[], span: Span, zone: string, most = MOST_ROWS): Table {
  const byTime = new Map<number, (Row | undefined)[]>();
  all.forEach(({ series }, which) => {
    for (const row of rowsOf(series)) {
      if (row.at < span.start || row.at > span.end) continue;
      const cells = byTime.get(row.at) ?? [];
      cells[which] = row;
      byTime.set(row.at, cells);
    }
  });
  const times = [...byTime.keys()].sort((one, other) => other - one);
  const rows = times.slice(0, most).map((at) => {
    const cells = byTime.get(at) ?? [];
    return [momentText(at, zone), ...all.map(({ series }, which) => cellText(cells[which], series))];
  });
  return { head: [say("history.time"), ...all.map((one) => one.name)], rows, left: Math.max(times.length - most, 0) };
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
      if (Wh === null || Wh === undefined) return NOTHING;
      const text = quantityText(Wh, "Wh");
      return row.estimated[period] ? `${text}, ${say("app.quality_estimated")}` : text;
    });
    return [periodText(start, energy.by, zone), ...cells];
  });
  return { head: [say(`history.${energy.by}`), ...names], rows, left: 0 };
}

/** `start,end,kettle.energy_import_Wh,kettle.energy_import_Wh estimated,…`: unknown values are empty. */
export function energyCsv(energy: Energy, zone: string): string {
  const keys = energy.rows.map((row) => `${row.device}.${row.point}`);
  const head = ["start", "end", ...keys.flatMap((key) => [key, `${key} estimated`])];
  const rows = periodsOf(energy).map(([start, end], period) => [
    isoText(start, zone),
    isoText(end, zone),
    ...energy.rows.flatMap((row): (string | number)[] => {
      const Wh = row.Wh[period];
      return Wh === null || Wh === undefined ? ["", ""] : [Wh, row.estimated[period] ? 1 : 0];
    }),
  ]);
  return csvText([head, ...rows]);
}

/** Lines end in CR LF; cells with commas, quotes or line breaks are quoted. */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
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
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  };
  return formatter(zone, options).format(at * 1000).replaceAll(",", "");
}

/** `14:00`, with its offset if that hour occurs twice (`02:00 +01:00`); `Fri 20 Nov`; `November 2026`. */
export function periodText(at: number, by: Energy["by"], zone: string): string {
  if (by === "month") return formatter(zone, { month: "long", year: "numeric" }).format(at * 1000);
  if (by === "day") return formatter(zone, { weekday: "short", day: "numeric", month: "short" }).format(at * 1000).replace(",", "");
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
