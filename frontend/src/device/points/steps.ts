/**
 * Input of numbers: the step is 10**exponent, the limits are those of the point. Pure.
 *
 *     exponent -1, 5 to 30 °C   ──►   step 0.1, "5 to 30 °C, in steps of 0.1"
 */
import { MINUS, THIN } from "../../text/format";
import type { Point } from "../../data/shapes";
import { say } from "../../text/words";

type Limits = Pick<Point, "kind" | "access" | "unit" | "exponent" | "minimum" | "maximum" | "options">;

/** The result of parsing an input: a number or a problem. */
export type Typed = { value: number } | { problem: string };

/** `0.1`, `1`, `10`: the resolution of the point, for the `step` attribute. */
export function stepOf(exponent: number): string {
  return exponent < 0 ? `0.${"0".repeat(-exponent - 1)}1` : `1${"0".repeat(exponent)}`;
}

/** The number in an input; a decimal comma is accepted. It must be within the limits and on a step. */
export function typed(text: string, point: Limits): Typed {
  const plain = text.trim().replace(",", ".").replace("−", "-");
  const value = plain === "" ? Number.NaN : Number(plain);
  if (!Number.isFinite(value)) return { problem: say("device.not_a_number") };
  const { minimum, maximum } = point;
  if ((minimum !== null && value < minimum) || (maximum !== null && value > maximum))
    return { problem: say("device.out_of_range", { limits: rangeText(point) }) };
  const nearest = onStep(value, point.exponent);
  if (Math.abs(nearest - value) > Number(`1e${point.exponent - 6}`))
    return { problem: say("device.not_on_step", { step: stepOf(point.exponent) }) };
  return { value: nearest };
}

const STEP = 0.5; // of a temperature, where the device has that

/** The value one step up or down, on a step and within the limits. */
export function stepped(value: number, by: number, { exponent, minimum, maximum }: Limits): number {
  const size = Math.max(10 ** exponent, STEP);
  const next = by > 0 ? Math.floor(value / size + 1e-6) + 1 : Math.ceil(value / size - 1e-6) - 1;
  return onStep(Math.min(Math.max(next * size, minimum ?? -Infinity), maximum ?? Infinity), exponent);
}

/** The number as text for an input, with the digits of the point. */
export function inputText(value: number, exponent: number): string {
  return String(onStep(value, exponent));
}

/** The limits as text: `0 to 86400 s`, `off, on, last`; with the step if it can be set; "" if there are none. */
export function limitText(point: Limits): string {
  if (point.kind === "enum") return point.options.join(", ");
  if (point.kind !== "number" && point.kind !== "bitmap" && point.kind !== "counter") return "";
  const range = rangeText(point);
  const steps =
    point.exponent === 0 || point.access === "r" ? "" : say("device.steps", { step: stepOf(point.exponent) });
  return [range, steps].filter(Boolean).join(", ");
}

function rangeText({ minimum, maximum, unit, exponent }: Limits): string {
  const text = (value: number) => plainText(value, unit, exponent);
  if (minimum !== null && maximum !== null)
    return say("device.range", { low: plainNumber(minimum, exponent), high: text(maximum) });
  if (minimum !== null) return say("device.at_least", { low: text(minimum) });
  return maximum !== null ? say("device.at_most", { high: text(maximum) }) : "";
}

/** Limits are given in the unit of the input, never in thousands of it. */
function plainText(value: number, unit: string, exponent: number): string {
  const number = plainNumber(value, exponent);
  return unit ? number + THIN + unit : number;
}

function plainNumber(value: number, exponent: number): string {
  return inputText(value, exponent).replace("-", MINUS);
}

/** The nearest multiple of 10**exponent, without floating-point artefacts. */
function onStep(value: number, exponent: number): number {
  if (exponent >= 0) return Math.round(value / 10 ** exponent) * 10 ** exponent;
  return Number((Math.round(value * 10 ** -exponent) / 10 ** -exponent).toFixed(Math.min(-exponent, 20)));
}
