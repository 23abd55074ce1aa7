/**
 * A period beside another one, like with like: as many complete hours of a day, complete days of a longer period. Pure.
 *
 *     30 November, 14:03     November ── 1 to 29 ──┤ 30     with     October ── 1 to 29 ──┤ 30 31
 *     in December            November, whole                with     October, whole; or November a year before
 */
import {
  dayOf,
  daysText,
  firstOf,
  instantOf,
  isSameDay,
  periodTitle,
  plusDays,
  shifted,
  spanOf,
  wallOf,
  type Day,
  type Range,
  type Span,
} from "../time/calendar";
import type { Against } from "./view";

/**
 * `current`, `previous`: what is compared; `whole`: all of the other period. `title`: what that is called, `text`: the
 * part of it that is compared, `1 – 29 Oct 2026`.
 */
export type Comparison = Readonly<{ current: Span; previous: Span; whole: Span; title: string; text: string }>;

const HOUR = 3600; // s
const YEAR_OF_WEEKS = 364; // days: the same weekday

/** The first day of the other period. */
export function otherOf(range: Range, on: Day, against: Exclude<Against, "none">): Day {
  if (against === "before" || (against === "year" && range === "year")) return shifted(range, on, -1);
  if (against !== "year") return firstOf(range, against);
  return range === "month"
    ? { year: on.year - 1, month: on.month, day: 1 }
    : plusDays(firstOf(range, on), -YEAR_OF_WEEKS);
}

/** undefined if no hour or day of one of them is complete yet, or both are the same. */
export function comparisonOf(
  range: Range,
  on: Day,
  now: number,
  zone: string,
  against: Against = "before",
): Comparison | undefined {
  if (against === "none") return undefined;
  const other = otherOf(range, on, against);
  const [current, whole, title] = [spanOf(range, on, zone), spanOf(range, other, zone), periodTitle(range, other)];
  if (isSameDay(firstOf(range, on), other)) return undefined;
  if (current.end <= now && whole.end <= now) return { current, previous: whole, whole, title, text: title };
  const isOver = current.end <= now;
  const found = limited(range, isOver ? other : on, isOver ? on : other, now, zone);
  if (!found) return undefined;
  const [mine, previous] = isOver ? [found.other, found.one] : [found.one, found.other];
  const text =
    range === "day"
      ? `${title}, ${(previous.end - previous.start) / HOUR} h`
      : daysText(other, dayOf(previous.end - 1, zone));
  return { current: mine, previous, whole, title, text };
}

/** The complete hours or days of a period that is not over, and as many of another one, as far as that has them. */
function limited(range: Range, on: Day, other: Day, now: number, zone: string): { one: Span; other: Span } | undefined {
  const [one, whole] = [spanOf(range, on, zone), spanOf(range, other, zone)];
  if (one.start >= now || whole.start >= now) return undefined;
  if (range === "day") {
    const s = Math.min(Math.floor((now - one.start) / HOUR) * HOUR, whole.end - whole.start);
    return s > 0 ? { one: { ...one, end: one.start + s }, other: { ...whole, end: whole.start + s } } : undefined;
  }
  const [first, before, today] = [firstOf(range, on), firstOf(range, other), dayOf(now, zone)];
  const wanted = range === "year" ? countOf(before, { ...today, year: before.year }) : countOf(first, today);
  const count = Math.min(wanted, countOf(before, shifted(range, other, 1)));
  if (count <= 0) return undefined;
  const end = range === "year" ? today : plusDays(first, count);
  return {
    one: { ...one, end: instantOf(end, zone) },
    other: { ...whole, end: instantOf(plusDays(before, count), zone) },
  };
}

/**
 * For each period, the place of the same hour, weekday, day or month among the others; undefined where there is none, as
 * on days when the clocks are changed. `at`, `others`: starts of periods, then the end of the last one.
 */
export function placesAmong(
  range: Range,
  at: readonly number[],
  others: readonly number[],
  zone: string,
): (number | undefined)[] {
  const keyOf = (start: number): number => {
    const { year, month, day, hour, minute } = wallOf(start, zone);
    if (range === "day") return hour * 60 + minute;
    if (range === "week") return new Date(Date.UTC(year, month - 1, day)).getUTCDay();
    return range === "month" ? day : month;
  };
  const places = new Map(
    others
      .slice(0, -1)
      .map((start, place) => [keyOf(start), place] as const)
      .reverse(),
  );
  return at.slice(0, -1).map((start) => places.get(keyOf(start)));
}

/** What the other periods have at those places. */
export function atPlaces<T>(values: readonly T[], places: readonly (number | undefined)[]): (T | undefined)[] {
  return places.map((place) => (place === undefined ? undefined : values[place]));
}

/** The number of days from one to another. */
function countOf(one: Day, other: Day): number {
  return Math.round(
    (Date.UTC(other.year, other.month - 1, other.day) - Date.UTC(one.year, one.month - 1, one.day)) / 86_400_000,
  );
}

/** `▲ 6 %`, `▼ 12 %`, `= 0 %`, `▲ × 12` from ten times as much; "" if there was nothing before. */
export function changeText(Wh: number, before: number): string {
  if (!(before > 0)) return "";
  const percent = Math.round((Wh / before - 1) * 100);
  return percent > 899
    ? `▲ × ${Math.round(Wh / before)}`
    : `${percent > 0 ? "▲" : percent < 0 ? "▼" : "="} ${Math.abs(percent)} %`;
}
