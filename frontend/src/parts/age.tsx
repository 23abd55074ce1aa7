/** How old a value is, said only once that matters. */
import { ageText } from "../format";
import { now, reading } from "../live";
import { staleTimeOf } from "../staleness";
import type { Device } from "../shapes";
import { say } from "../words";
import "./parts.css";

/** `stale`: seconds from which on the age is shown; undefined: never. */
export function Age({ at, stale }: { at: number | undefined; stale: number | undefined }) {
  const seconds = at === undefined || stale === undefined ? 0 : now.value - at;
  if (at === undefined || stale === undefined || seconds <= stale) return <span class="age" />;
  return <span class="age">{say("app.ago", { age: ageText(seconds) })}</span>;
}

/** The age of a point's value: once older than two of its usual intervals; of a sleeping device from a minute on. */
export function PointAge({ device, point }: { device: Device; point: string }) {
  const at = reading(device.id, point).value?.at;
  return <Age at={at} stale={device.state === "asleep" ? 60 : staleTimeOf(device.id, point)} />;
}
