/**
 * Names of points and of what they may be, in the language of the page: from the vocabulary where it has one, else as
 * the profile writes them.
 *
 *     power_2_W ──► "Power 2"     open, true ──► "open"     after_power_cut, "last" ──► "As before"
 */
import { quantityText, THIN, valueText } from "../text/format";
import { keyWithoutUnit, pointName } from "./points";
import type { Point, Value } from "../data/shapes";
import { say, sayIfKnown } from "../text/words";
import { baseOf } from "./roles";
import { titled } from "../text/printable";

/** `Temperature`, `Switch 2`; the name in the profile where the page has none. */
export function titleOf(point: Point): string {
  const base = baseOf(point.key) ?? keyWithoutUnit(point).replace(CHANNEL_AT_END, "");
  const name = sayIfKnown(`point.${base}`, "");
  if (!name) return pointName(point);
  const channel = channelOf(point.key, base);
  return channel ? say("point.channel", { name, channel }) : name;
}

/** What a value means: `open`, `As before`, `21.5 °C`. */
export function meaningOf(value: Value | null | undefined, point: Point): string {
  if (typeof value === "boolean")
    return sayIfKnown(`value.${baseOf(point.key)}_${value ? "yes" : "no"}`, valueText(value, point));
  if (typeof value === "string") return optionText(point, value);
  if (typeof value === "number" && isDuration(point)) return durationText(value, point.unit);
  if (value === 0 && point.kind === "bitmap") return say("value.nothing");
  return valueText(value, point);
}

/** One of the options of a point. */
export function optionText(point: Pick<Point, "key">, option: string): string {
  return sayIfKnown(`option.${baseOf(point.key)}_${option}`, sayIfKnown(`option.${option}`, titled(option)));
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** Whether a point is a span of time. */
export function isDuration({ kind, unit }: Pick<Point, "kind" | "unit">): boolean {
  return kind === "number" && Object.hasOwn(SECONDS, unit);
}

/** `45 s`, `90 min`, `1 h 30 min`: of so many seconds, minutes or hours. */
export function durationText(value: number, unit: string): string {
  const seconds = Math.round(value * (SECONDS[unit] ?? 1));
  if (seconds < 120 || (seconds < 600 && seconds % 60))
    return seconds % 60 || seconds === 0 ? quantityText(seconds, "s", 0) : `${seconds / 60}${THIN}min`;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.round((seconds % 3600) / 60)];
  return [hours > 0 && `${hours}${THIN}h`, minutes > 0 && `${minutes}${THIN}min`].filter(Boolean).join(" ");
}

const CHOICES_S = [0, 60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

/** The spans that are offered for a point, in its unit: usual ones within its limits, and what is set now. */
export function durationChoices(
  { unit, minimum, maximum }: Pick<Point, "unit" | "minimum" | "maximum">,
  now: number | undefined,
): readonly number[] {
  const usual = CHOICES_S.map((seconds) => seconds / (SECONDS[unit] ?? 1)).filter((value) => Number.isInteger(value));
  const allowed = usual.filter((value) => value >= (minimum ?? 0) && value <= (maximum ?? Infinity));
  return [...new Set(now === undefined ? allowed : [...allowed, now])].sort((one, other) => one - other);
}

const CHANNEL_AT_END = /_(\d+|usb\d*|[abcn])$/;

/** `2` of `power_2_W`, `usb1` of `on_usb1`, `A` of `voltage_a_V`; "" if there is only one. */
function channelOf(key: string, base: string): string {
  const [, channel] = /^_(\d+|usb\d*|[abcn])(?=_|$)/.exec(key.slice(base.length)) ?? [];
  return channel ? channel.toUpperCase() : "";
}
