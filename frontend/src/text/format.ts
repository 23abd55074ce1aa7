/**
 * Numbers, ages and times for display, in the formats of the locale; in English the same as the command line.
 *
 *     673 W   1.24 kW   −0.41 kW   0.31 kWh   230.4 V   21.5 °C      3 s   2 min
 *
 * A number never has more digits than its point (`exponent`), nor more than are helpful.
 */
import { cached } from "../data/cached";
import type { Point, Value } from "../data/shapes";
import { shownAs } from "../look/kept";
import { currentLocale, numberLocale, say } from "./words";

export const MINUS = "−";
export const NOTHING = "–";
export const THIN = "\u202f"; // between a number and its unit: no line ends there

/** A number and its unit, separate so that they can be styled differently. */
export type Quantity = { number: string; unit: string };

type Scale = { decimals: number; fine?: number; kilo?: number; kiloUnit?: string };

const SCALES: Readonly<Record<string, Scale>> = {
  W: { decimals: 1, fine: 10, kilo: 1000, kiloUnit: "kW" },
  VA: { decimals: 1, fine: 10, kilo: 1000, kiloUnit: "kVA" },
  var: { decimals: 1, fine: 10, kilo: 1000, kiloUnit: "kvar" },
  Wh: { decimals: 0, kilo: 10, kiloUnit: "kWh" },
  varh: { decimals: 0, kilo: 10, kiloUnit: "kvarh" },
  kWh: { decimals: 2 },
  V: { decimals: 1 },
  A: { decimals: 3 },
  Hz: { decimals: 2 },
  "°C": { decimals: 1 },
  "°F": { decimals: 1 },
  "%": { decimals: 1 },
  dBm: { decimals: 0 },
  ms: { decimals: 0 },
};

/** A number with its unit, rounded to the decimals of the unit and to multiples of 10**exponent. */
export function quantity(value: number, unit: string, exponent = -9): Quantity {
  if (!Number.isFinite(value)) return { number: NOTHING, unit: "" };
  const form = shownAs(unit);
  if (form.unit !== unit) return quantity(form.to(value), form.unit, exponent);
  const scale = SCALES[unit] ?? { decimals: 3 };
  const size = Math.abs(value);
  if (scale.kilo !== undefined && Math.round(size) >= scale.kilo)
    return { number: signed(value / 1000, Math.min(2, Math.max(3 - exponent, 0))), unit: scale.kiloUnit ?? unit };
  const whole = scale.fine !== undefined && (value === 0 || Number(size.toFixed(scale.decimals)) >= scale.fine);
  const decimals = whole ? 0 : scale.decimals;
  return { number: signed(value, Math.min(decimals, Math.max(-exponent, 0))), unit };
}

export function quantityText(value: number, unit: string, exponent = -9): string {
  const { number, unit: shown } = quantity(value, unit, exponent);
  return shown ? number + THIN + shown : number;
}

/** Energy of a period, with no more digits than a sum deserves: 7 Wh, 0.31 kWh, 57.2 kWh, 733 kWh. */
export function amount(Wh: number): Quantity {
  const size = Math.abs(Wh);
  const exponent = size < 9_995 ? 1 : size < 99_950 ? 2 : 3; // of ten, in Wh
  return quantity(Wh, "Wh", exponent);
}

export function amountText(Wh: number): string {
  const { number, unit } = amount(Wh);
  return number + THIN + unit;
}

/** The value of a point with its unit. */
export function valueText(value: Value | null | undefined, point: Pick<Point, "unit" | "exponent">): string {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "boolean") return say(value ? "app.on" : "app.off");
  if (typeof value === "string") return value;
  return quantityText(value, point.unit, point.exponent);
}

/** `now`, `3 s`, `2 min`, `5 h`, `3 d`: rounded down, never negative. */
export function ageText(seconds: number): string {
  if (seconds < 1) return say("now.axis_now");
  if (seconds < 60) return `${Math.floor(seconds)}${THIN}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}${THIN}min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}${THIN}h`;
  return `${Math.floor(seconds / 86_400)}${THIN}d`;
}

/**
 * `14:03`, with the date unless it is today: `18 Nov 13:41`, `30 Nov 2025 13:41`. `at`, `now`: Unix seconds; `zone`:
 * IANA name.
 */
export function timeText(at: number, now: number, zone: string): string {
  const { day, time } = timeParts(at, now, zone);
  return day ? `${day} ${time}` : time;
}

/** The same behind "since" in a sentence: `14:03`, `14:03 Uhr`, `las 14:03`, `el 18 nov a las 14:03`. */
export function sinceText(at: number, now: number, zone: string): string {
  const { day, time } = timeParts(at, now, zone);
  return day ? say("time.since_day", { day, time }) : say("time.since", { time });
}

function timeParts(at: number, now: number, zone: string): { day: string; time: string } {
  const time = formatter(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at * 1000);
  const date = formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" });
  if (date.format(at * 1000) === date.format(now * 1000)) return { day: "", time };
  const year = formatter(zone, { year: "numeric" });
  const isThisYear = year.format(at * 1000) === year.format(now * 1000);
  const day = formatter(zone, { day: "numeric", month: "short", ...(isThisYear ? {} : { year: "numeric" }) });
  return { day: day.format(at * 1000), time };
}

/** `14:03:12`. */
export function clockText(at: number, zone: string): string {
  return formatter(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at * 1000);
}

/** Formatters are expensive to create, so they are cached. */
export function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const place = currentLocale() + zone + JSON.stringify(options);
  return cached(formatters, place, () => new Intl.DateTimeFormat(currentLocale(), { timeZone: zone, ...options }));
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** `1,204`, `0.5`: a count, or another number that is at least 0; with at most so many decimals. */
export function countText(value: number, most = 1): string {
  return numbers({ maximumFractionDigits: most }).format(value);
}

/** `12.0`, `5862`, `12,480`: always with so many decimals, and with separators from five digits. */
export function decimalText(value: number, decimals: number): string {
  return numbers({ minimumFractionDigits: decimals, maximumFractionDigits: decimals, useGrouping: "min2" }).format(
    value,
  );
}

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const place = numberLocale() + JSON.stringify(options);
  return cached(numberFormats, place, () => new Intl.NumberFormat(numberLocale(), options));
}

const numberFormats = new Map<string, Intl.NumberFormat>();

function signed(value: number, decimals: number): string {
  const text = decimalText(Math.abs(value), decimals);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}
