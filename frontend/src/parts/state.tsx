/** The state of a device as a dot and as text. */
import { sinceText, valueText } from "../text/format";
import { now, reading, timezone } from "../data/live";
import { isAnswering, mainOf } from "../devices/points";
import type { Device, State } from "../data/shapes";
import { say } from "../text/words";
import "./parts.css";

/** A dot with a different shape and colour for each state. The text is next to it, or in `label`. */
export function StateDot({ state, label }: { state: State; label?: string }) {
  return label ? (
    <span class="dot" data-state={state} role="img" aria-label={label} title={label} />
  ) : (
    <span class="dot" data-state={state} aria-hidden="true" />
  );
}

/** `online`, `offline`. */
export function stateName(state: State): string {
  return say(`app.state_${state}`);
}

/** `offline since 13:41, last 43 W: no answer`; only `online` for an online device. */
export function StateText({ device }: { device: Device }) {
  return <>{stateText(device, lastValueText(device), now.value, timezone.value)}</>;
}

/** The same as a string. `last`: the last value as text, "" if there is none. */
export function stateText(device: Device, last: string, at: number, zone: string): string {
  const word = stateName(device.state);
  if (device.state === "online" || device.state === "connecting" || device.state === "seen") return word;
  const since = device.since
    ? say("app.state_since", { state: word, time: sinceText(Date.parse(device.since) / 1000, at, zone) })
    : word;
  const ended = last && !isAnswering(device.state) ? say("app.state_last", { state: since, value: last }) : since;
  return device.reason ? `${ended}: ${device.reason}` : ended;
}

function lastValueText(device: Device): string {
  const point = mainOf(device);
  const last = point && reading(device.id, point.key).value;
  return point && last ? valueText(last.value, point) : "";
}
