/** Numbers with units, and marks for values that are not good. */
import { NOTHING, quantity, THIN, valueText } from "../text/format";
import { reading } from "../data/live";
import { isAnswering } from "../devices/points";
import type { Device, Point, Quality, Value } from "../data/shapes";
import { say, sayIfKnown } from "../text/words";
import "./parts.css";

/** `1.24 kW`. */
export function Quantity({ value, unit, exponent = -9 }: { value: number; unit: string; exponent?: number }) {
  const shown = quantity(value, unit, exponent);
  return (
    <span class="quantity">
      {shown.number}
      {shown.unit && <span class="unit">{THIN + shown.unit}</span>}
    </span>
  );
}

/** A value of a point of any kind. */
export function PointValue({
  value,
  point,
}: {
  value: Value | null | undefined;
  point: Pick<Point, "unit" | "exponent">;
}) {
  if (typeof value === "number") return <Quantity value={value} unit={point.unit} exponent={point.exponent} />;
  if (typeof value === "boolean") return <>{say(value ? "app.on" : "app.off")}</>;
  return <>{valueText(value, point)}</>;
}

/** The newest value of a point, with its mark; grey while the device is not reachable. */
export function ReadingValue({ device, point }: { device: Device; point: Point }) {
  const newest = reading(device.id, point.key).value;
  if (!newest) return <span class="quantity is-off">{NOTHING}</span>;
  return (
    <span class={`quantity${isAnswering(device.state) ? "" : " is-off"}`}>
      <QualityMark quality={newest.quality} flags={newest.flags} />
      <PointValue value={newest.value} point={point} />
    </span>
  );
}

const MARKS: Readonly<Record<Quality, string>> = { good: "", estimated: "~", suspect: "!", held: "=" };

/** A mark with quality and flags as its label; nothing for good values. */
export function QualityMark({ quality, flags }: { quality: Quality; flags: readonly string[] }) {
  if (quality === "good") return null;
  const text = qualityText(quality, flags);
  return (
    <span class="flag" role="img" aria-label={text} title={text}>
      {MARKS[quality]}
    </span>
  );
}

/** `estimated: calculated from power`. */
export function qualityText(quality: Quality, flags: readonly string[]): string {
  const reasons = flags.map((flag) => sayIfKnown(`app.flag_${flag}`, flag.replaceAll("_", " ")));
  return [say(`app.quality_${quality}`), reasons.join(", ")].filter(Boolean).join(": ");
}
