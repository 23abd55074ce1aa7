/** The age of a value, shown only if it is old. */
import { ageText } from "../text/format";
import { now, reading } from "../data/live";
import { staleTimeOf } from "../data/staleness";
import type { Device } from "../data/shapes";
import { say } from "../text/words";
import "./parts.css";

/** `stale`: age in seconds from which it is shown; undefined: never. */
export function Age({ at, stale }: { at: number | undefined; stale: number | undefined }) {
  const seconds = at === undefined || stale === undefined ? 0 : now.value - at;
  if (at === undefined || stale === undefined || seconds <= stale) return <span class="age" />;
  return <span class="age">{say("app.ago", { age: ageText(seconds) })}</span>;
}

/** The age of the value of a point: shown after two usual intervals; for a sleeping device after a minute. */
export function PointAge({ device, point }: { device: Device; point: string }) {
  const at = reading(device.id, point).value?.at;
  return <Age at={at} stale={device.state === "asleep" ? 60 : staleTimeOf(device.id, point)} />;
}
