/**
 * The view of the page as the query of its address, so that it can be linked and the back button works.
 *
 *     /history?range=week&on=2026-11-20&what=power&what=voltage_V&device=kettle&device=tv&from=…&to=…
 *
 * Defaults are omitted: today, power of a day and energy of longer periods, the devices selected automatically, bars by
 * device, the period before beside them, no zoom.
 */
import type { Device } from "../data/shapes";
import { placeOfPage } from "../routing/place";
import { dayFrom, dayText, isSameDay, RANGES, type Day, type Range, type Span } from "../time/calendar";

export const POWER = "power";
export const ENERGY = "energy";
export const HOURS = "hours"; // energy of each hour, of a month or a year
export const LOAD = "load"; // how long the power was how high
export const UNUSUAL = "unusual"; // a list of what was unlike before
/** What is shown by itself; other quantities may stand beside each other. */
export const ALONE: readonly string[] = [ENERGY, HOURS, LOAD, UNUSUAL];

export const REST = "~rest"; // in place of a device: what no device measures

export type Layout = "stacked" | "sources" | "grouped" | "changes";
const LAYOUTS: readonly Layout[] = ["stacked", "sources", "grouped", "changes"];

/** What a period is compared with: the one before, the same one of the year before, none, or the one of a day. */
export type Against = "before" | "year" | "none" | Day;

export type Measure = "energy" | "cost" | "carbon";
export const MEASURES: readonly Measure[] = ["energy", "cost", "carbon"];

export type View = Readonly<{
  range: Range;
  on: Day;
  /** `power`, one of ALONE, or keys of points. */
  what: readonly string[];
  /** null: selected automatically. */
  devices: readonly string[] | null;
  zoom: Span | null;
  bars: Layout;
  against: Against;
  /** In what energy is shown. */
  measure: Measure;
}>;

/** What every panel of the page shows. */
export type PanelProps = Readonly<{
  view: View;
  period: Span;
  /** Devices that have what is shown, and those of them that are chosen. */
  able: readonly Device[];
  shown: readonly Device[];
  today: Day;
  colour: (id: string) => string;
  show: (view: View, replace?: boolean) => void;
}>;

const OLDEST = 0; // Unix seconds
const NEWEST = 32_503_680_000; // the year 3000
export const SHORTEST = 10; // s: shortest span

export function viewOf(query: URLSearchParams, today: Day): View {
  const what = [...new Set(query.getAll("what").filter((one) => one !== ""))];
  const range = RANGES.find((one) => one === query.get("range")) ?? "day";
  return {
    range,
    on: dayFrom(query.get("on")) ?? today,
    what: whatOf(what, range),
    devices: query.has("device") ? [...new Set(query.getAll("device").filter((one) => one !== ""))] : null,
    zoom: zoomOf(query.get("from"), query.get("to")),
    bars: LAYOUTS.find((one) => one === query.get("bars")) ?? "stacked",
    against: againstOf(query.get("compare")),
    measure: MEASURES.find((one) => one === query.get("in")) ?? "energy",
  };
}

function againstOf(text: string | null): Against {
  return text === "no" ? "none" : text === "year" ? "year" : (dayFrom(text) ?? "before");
}

function whatOf(what: readonly string[], range: Range): readonly string[] {
  const alone = what.find((one) => ALONE.includes(one));
  if (alone) return [alone === HOURS && !hasHours(range) ? ENERGY : alone];
  return what.length ? what : [usualOf(range)];
}

/** Whether a period is long enough for a map of its hours. */
export function hasHours(range: Range): boolean {
  return range === "month" || range === "year";
}

/** What is shown of a period unless something else was chosen. */
export function usualOf(range: Range): string {
  return range === "day" ? POWER : ENERGY;
}

/** The same view of another range; it shows what is usual there, if this one does. */
export function withRange(view: View, range: Range): View {
  const what = isUsual(view.what, view.range) ? [usualOf(range)] : view.what;
  return { ...view, range, what: whatOf(what, range), zoom: null };
}

function isUsual(what: readonly string[], range: Range): boolean {
  return what.length === 1 && what[0] === usualOf(range);
}

export function addressOf(view: View, today: Day): string {
  const query = new URLSearchParams();
  if (view.range !== "day") query.set("range", view.range);
  if (!isSameDay(view.on, today)) query.set("on", dayText(view.on));
  if (!isUsual(view.what, view.range)) for (const one of view.what) query.append("what", one);
  if (view.devices) for (const one of view.devices.length ? view.devices : [""]) query.append("device", one);
  if (view.bars !== "stacked") query.set("bars", view.bars);
  if (view.against !== "before")
    query.set("compare", view.against === "none" ? "no" : view.against === "year" ? "year" : dayText(view.against));
  if (view.measure !== "energy") query.set("in", view.measure);
  if (view.zoom) {
    query.set("from", String(view.zoom.start));
    query.set("to", String(view.zoom.end));
  }
  const page = placeOfPage("/history");
  return query.size ? `${page}?${query}` : page;
}

/** A span around `middle` (0 … 1), `factor` times as long, within bounds, in whole seconds. */
export function zoomed(span: Span, factor: number, middle = 0.5): Span {
  const length = Math.max((span.end - span.start) * factor, SHORTEST);
  const at = span.start + (span.end - span.start) * middle;
  return rounded({ start: at - length * middle, end: at + length * (1 - middle) });
}

/** A span moved by a part of its length. */
export function moved(span: Span, part: number): Span {
  const by = (span.end - span.start) * part;
  return rounded({ start: span.start + by, end: span.end + by });
}

export function rounded({ start, end }: Span): Span {
  const from = Math.min(Math.max(Math.round(start), OLDEST), NEWEST - SHORTEST);
  return { start: from, end: Math.min(Math.max(Math.round(end), from + SHORTEST), NEWEST) };
}

function zoomOf(from: string | null, to: string | null): Span | null {
  const [start, end] = [Number(from || NaN), Number(to || NaN)];
  return end > start && start >= OLDEST && end <= NEWEST ? rounded({ start, end }) : null;
}
