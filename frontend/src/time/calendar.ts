/**
 * Days and periods of the calendar in the hub's time zone. A day has 23, 24 or 25 hours, and on Lord Howe Island 23.5
 * or 24.5: periods are computed in calendar days, and only their ends are converted to instants.
 *
 *     Day 2026-10-25, Europe/Madrid  ──spanOf("day")──►  1792879200 … 1792969200   (25 h)
 */
import { formatter } from "../text/format";

export type Range = "day" | "week" | "month" | "year";
export const RANGES: readonly Range[] = ["day", "week", "month", "year"];
/** The texts that name periods. */
export const PERIOD_NAMES = {
  quarter: "history.quarter",
  hour: "history.hour",
  day: "history.day",
  week: "history.week",
  month: "history.month",
  year: "history.year",
} as const;

/** A calendar day without a time zone. `month` 1 to 12. */
export type Day = Readonly<{ year: number; month: number; day: number }>;
/** From one instant to another, Unix seconds; excluding the end. */
export type Span = Readonly<{ start: number; end: number }>;
/** Local date and time. */
export type Wall = Day & Readonly<{ hour: number; minute: number; second: number }>;

const DAY = 86_400;
const WALL: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric",
  minute: "numeric",
  second: "numeric",
  hourCycle: "h23",
};

/** The local time at an instant. */
export function wallOf(at: number, zone: string): Wall {
  const wall: Record<string, number> = {};
  for (const { type, value } of formatter(zone, WALL).formatToParts(Math.floor(at) * 1000)) wall[type] = Number(value);
  return wall as unknown as Wall; // WALL requests exactly these parts
}

/** The UTC offset at an instant, in seconds. */
export function offsetAt(at: number, zone: string): number {
  return secondsOf(wallOf(at, zone)) - Math.floor(at);
}

/**
 * The first instant with that local time (midnight if no time is given). If the time is skipped by a change of the
 * clocks, the instant is as long after midnight as it would have been; for a skipped midnight, the moment of the
 * change.
 */
export function instantOf(wall: Day & Partial<Wall>, zone: string): number {
  const shown = secondsOf(wall);
  const before = shown - offsetAt(shown - DAY, zone);
  const after = shown - offsetAt(shown + DAY, zone);
  const right = [before, after].filter((at) => at + offsetAt(at, zone) === shown);
  return right.length ? Math.min(...right) : before;
}

export function dayOf(at: number, zone: string): Day {
  const { year, month, day } = wallOf(at, zone);
  return { year, month, day };
}

/** The day `days` days later. */
export function plusDays(day: Day, days: number): Day {
  return civil(day.year, day.month, day.day + days);
}

/** The first day of the period that contains `day`. Weeks begin on Monday. */
export function firstOf(range: Range, day: Day): Day {
  if (range === "year") return civil(day.year, 1, 1);
  if (range === "month") return civil(day.year, day.month, 1);
  if (range === "week") return plusDays(day, -((new Date(dateOf(day)).getUTCDay() + 6) % 7));
  return day;
}

/** The first day of the period `by` periods later. */
export function shifted(range: Range, day: Day, by: number): Day {
  const first = firstOf(range, day);
  if (range === "year") return civil(first.year + by, 1, 1);
  if (range === "month") return civil(first.year, first.month + by, 1);
  return plusDays(first, range === "week" ? 7 * by : by);
}

/** The period that contains `day`, as instants. */
export function spanOf(range: Range, day: Day, zone: string): Span {
  return { start: instantOf(firstOf(range, day), zone), end: instantOf(shifted(range, day, 1), zone) };
}

export function isSameDay(one: Day, other: Day): boolean {
  return one.year === other.year && one.month === other.month && one.day === other.day;
}

/** `2026-11-20`. */
export function dayText({ year, month, day }: Day): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

/** The day that `2026-11-20` names; undefined if it is not a valid date. */
export function dayFrom(text: string | null): Day | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text ?? "") ?? [];
  if (!year || !month || !day) return undefined;
  const named = { year: Number(year), month: Number(month), day: Number(day) };
  return named.year >= 1970 && isSameDay(named, civil(named.year, named.month, named.day)) ? named : undefined;
}

/** `Fri 20 Nov 2026`, `16 – 22 Nov 2026`, `November 2026`, `2026`. */
export function periodTitle(range: Range, day: Day): string {
  if (range === "year") return String(day.year);
  if (range === "month") return written(day, { month: "long", year: "numeric" });
  if (range === "day")
    return written(day, { weekday: "short", day: "numeric", month: "short", year: "numeric" }).replace(",", "");
  return daysText(firstOf("week", day), plusDays(firstOf("week", day), 6));
}

/** `Nov 2026`, `30 Nov`: the same for narrow screens. */
export function shortTitle(range: Range, day: Day): string {
  if (range === "year") return String(day.year);
  if (range === "month") return written(day, { month: "short", year: "numeric" });
  if (range === "day") return written(day, { weekday: "short", day: "numeric", month: "short" }).replace(",", "");
  return daysText(firstOf("week", day), plusDays(firstOf("week", day), 6)).replace(/,? \d{4}$/, "");
}

/** `16 – 22 Nov 2026`, `16. – 22. Nov. 2026`; `16 Nov 2026` for one day. */
export function daysText(first: Day, last: Day): string {
  const form = formatter("UTC", { day: "numeric", month: "short", year: "numeric" });
  return form.formatRange(dateOf(first), dateOf(last)).replace(/\s*–\s*/, " – ");
}

/** `20 Nov 14:03 – 15:10`, `20 Nov 22:00 – 21 Nov 02:00`: to the minute, or to the second for short spans. */
export function spanText({ start, end }: Span, zone: string): string {
  const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (end - start < 600) time.second = "2-digit";
  const [from, to] = [dayOf(start, zone), dayOf(end, zone)];
  const date = (at: number) => formatter(zone, { day: "numeric", month: "short" }).format(at * 1000);
  const clock = (at: number) => formatter(zone, time).format(at * 1000);
  return `${date(start)} ${clock(start)} – ${isSameDay(from, to) ? "" : `${date(end)} `}${clock(end)}`;
}

function written(day: Day, options: Intl.DateTimeFormatOptions): string {
  return formatter("UTC", options).format(dateOf(day));
}

function civil(year: number, month: number, day: number): Day {
  const date = new Date(Date.UTC(year, month - 1, day));
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function dateOf({ year, month, day }: Day): number {
  return Date.UTC(year, month - 1, day);
}

function secondsOf({ year, month, day, hour = 0, minute = 0, second = 0 }: Day & Partial<Wall>): number {
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}
