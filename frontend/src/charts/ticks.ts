/** Ticks and labels of the axes: times in the hub's time zone, values in round numbers. */
import { decimalText, formatter, MINUS } from "../text/format";
import {
  dayOf,
  firstOf,
  instantOf,
  plusDays,
  shifted,
  wallOf,
  type Day,
  type Range,
  type Span,
} from "../time/calendar";

export type Tick = Readonly<{ at: number; text: string }>;

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const SECONDS = [1, 2, 5, 10, 15, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE];
const HOURS = [1, 2, 3, 6, 12];
/** Calendar periods: kind, number, approximate length (s). */
const DATES: readonly [Range, number, number][] = [
  ["day", 1, DAY],
  ["day", 2, 2 * DAY],
  ["week", 1, 7 * DAY],
  ["month", 1, 30 * DAY],
  ["month", 3, 91 * DAY],
  ["year", 1, 365 * DAY],
];

/** At most `most` ticks at round local times. Hours that occur twice have two ticks. */
export function timeTicks(span: Span, most: number, zone: string): Tick[] {
  const room = Math.max(most, 1);
  const finest = (span.end - span.start) / room;
  const seconds = SECONDS.find((step) => step >= finest);
  if (seconds) return withinDays(span, seconds, zone).map((at) => clockTick(at, seconds, zone));
  const hours = HOURS.find((step) => step * HOUR >= finest);
  if (hours) return wholeHours(span, hours, zone).map((at) => clockTick(at, HOUR, zone));
  const [range, count] = DATES.find(([, , size]) => size >= finest) ?? ["year", Math.ceil(finest / (365 * DAY))];
  return dates(span, range, count, zone).map((at) => ({ at, text: dateText(at, range, zone) }));
}

/** Every `step` seconds, counted from each local midnight. */
function withinDays(span: Span, step: number, zone: string): number[] {
  const found: number[] = [];
  for (const [start, end] of days(span, zone)) {
    const { hour, minute, second } = wallOf(start, zone); // not 0 if midnight is skipped
    const midnight = start - hour * HOUR - minute * MINUTE - second;
    const first = midnight + Math.ceil((Math.max(span.start, start) - midnight) / step) * step;
    for (let at = first; at < end && at <= span.end; at += step) found.push(at);
  }
  return found;
}

/** The instants of full local hours that are multiples of the step. */
function wholeHours(span: Span, step: number, zone: string): number[] {
  return withinDays(span, 30 * MINUTE, zone).filter((at) => {
    const { hour, minute } = wallOf(at, zone);
    return minute === 0 && hour % step === 0;
  });
}

function dates(span: Span, range: Range, step: number, zone: string): number[] {
  const found: number[] = [];
  let day = beginning(range, step, dayOf(span.start, zone));
  for (;;) {
    const at = instantOf(day, zone);
    if (at > span.end) return found;
    if (at >= span.start) found.push(at);
    day = shifted(range, day, step);
  }
}

/** The first tick: round years and quarters, every second day counted from the first of the month. */
function beginning(range: Range, step: number, day: Day): Day {
  if (range === "year") return { year: day.year - (day.year % step), month: 1, day: 1 };
  if (range === "month") return { year: day.year, month: day.month - ((day.month - 1) % step), day: 1 };
  return step > 1 ? plusDays(day, -((day.day - 1) % step)) : firstOf(range, day);
}

function* days(span: Span, zone: string): Generator<[number, number]> {
  let day = dayOf(span.start, zone);
  for (let start = instantOf(day, zone); start <= span.end; ) {
    day = plusDays(day, 1);
    const end = instantOf(day, zone);
    yield [start, end];
    start = end;
  }
}

/** `14:30`, `14:30:05`, and the date at midnight: `20 Nov`. */
function clockTick(at: number, step: number, zone: string): Tick {
  const { hour, minute, second } = wallOf(at, zone);
  if (!hour && !minute && !second) return { at, text: dateText(at, "day", zone) };
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (step < MINUTE) options.second = "2-digit";
  return { at, text: formatter(zone, options).format(at * 1000) };
}

/** `20 Nov`, `Nov`, and the year in January: `2027`. */
function dateText(at: number, range: Range, zone: string): string {
  if (range === "year" || (range === "month" && wallOf(at, zone).month === 1))
    return formatter(zone, { year: "numeric" }).format(at * 1000);
  if (range === "month") return formatter(zone, { month: "short" }).format(at * 1000);
  return formatter(zone, { day: "numeric", month: "short" }).format(at * 1000);
}

/** The round step (1, 2 or 5 times a power of ten) that divides a range into at most `most` parts. */
export function roundStep(height: number, most: number): number {
  const least = height / Math.max(most, 1);
  if (!(least > 0) || !Number.isFinite(least)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((lead) => lead * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** Round values from `low` to `high`, at most about `most` of them. */
export function valueTicks(low: number, high: number, most: number): number[] {
  const step = roundStep(high - low, most);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => clean((first + index) * step));
}

const KILO: Readonly<Record<string, string>> = { W: "kW", VA: "kVA", var: "kvar", Wh: "kWh", varh: "kvarh" };

/** The common unit of an axis, and the divisor for its values. */
export function axisUnit(unit: string, size: number): { unit: string; divisor: number } {
  const kilo = KILO[unit];
  return kilo && (size >= 1000 || unit.endsWith("h")) ? { unit: kilo, divisor: 1000 } : { unit, divisor: 1 };
}

/** `0.5`, `1.0`, `1.5`: the numbers of an axis with the digits of its step. */
export function axisNumbers(values: readonly number[], divisor: number): string[] {
  const step = values.length > 1 ? Math.abs((values[1] ?? 0) - (values[0] ?? 0)) / divisor : 1;
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return values.map((value) => (value < 0 ? MINUS : "") + decimalText(Math.abs(value / divisor), decimals));
}

function clean(value: number): number {
  return Number(value.toPrecision(12));
}
