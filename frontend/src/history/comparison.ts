/**
 * The period before, like with like: as many complete hours of a day, complete days of a longer period. Pure.
 *
 *     30 November, 14:03     November ── 1 to 29 ──┤ 30     with     October ── 1 to 29 ──┤ 30 31
 *     in December            November, whole                with     October, whole
 */
import { dayOf, daysText, firstOf, instantOf, periodTitle, plusDays, shifted, spanOf, type Day, type Range, type Span } from "./calendar";

/**
 * `current`, `previous`: what is compared; `whole`: all of the previous period. `text`: what the previous one is called,
 * `1 – 29 Oct 2026`.
 */
export type Comparison = Readonly<{ current: Span; previous: Span; whole: Span; text: string }>;

const HOUR = 3600; // s

/** undefined if no hour or day of the period is complete yet. */
export function comparisonOf(range: Range, on: Day, now: number, zone: string): Comparison | undefined {
  const before = shifted(range, on, -1);
  const [current, whole] = [spanOf(range, on, zone), spanOf(range, before, zone)];
  if (current.end <= now) return { current, previous: whole, whole, text: periodTitle(range, before) };
  return range === "day" ? hours(current, whole, before, now) : days(range, on, now, zone, { current, whole });
}

/** The complete hours of today, and as many of yesterday. */
function hours(current: Span, whole: Span, before: Day, now: number): Comparison | undefined {
  const s = Math.min(Math.floor((now - current.start) / HOUR) * HOUR, whole.end - whole.start);
  if (s <= 0) return undefined;
  const text = `${periodTitle("day", before)}, ${s / HOUR} h`;
  return { current: { ...current, end: current.start + s }, previous: { ...whole, end: whole.start + s }, whole, text };
}

/** The complete days of the period, and the same ones of the period before, as far as that one has them. */
function days(range: Range, on: Day, now: number, zone: string, { current, whole }: { current: Span; whole: Span }): Comparison | undefined {
  const [first, before, today] = [firstOf(range, on), shifted(range, on, -1), dayOf(now, zone)];
  const wanted = range === "year" ? countOf(before, { ...today, year: before.year }) : countOf(first, today);
  const count = Math.min(wanted, countOf(before, first));
  if (count <= 0) return undefined;
  const end = range === "year" ? today : plusDays(first, count);
  const previous = { ...whole, end: instantOf(plusDays(before, count), zone) };
  return { current: { ...current, end: instantOf(end, zone) }, previous, whole, text: daysText(before, plusDays(before, count - 1)) };
}

/** The number of days from one to another. */
function countOf(one: Day, other: Day): number {
  return Math.round((Date.UTC(other.year, other.month - 1, other.day) - Date.UTC(one.year, one.month - 1, one.day)) / 86_400_000);
}

/** `▲ 6 %`, `▼ 12 %`, `= 0 %`, `▲ × 12` from ten times as much; "" if there was nothing before. */
export function changeText(Wh: number, before: number): string {
  if (!(before > 0)) return "";
  const percent = Math.round((Wh / before - 1) * 100);
  return percent > 899 ? `▲ × ${Math.round(Wh / before)}` : `${percent > 0 ? "▲" : percent < 0 ? "▼" : "="} ${Math.abs(percent)} %`;
}
