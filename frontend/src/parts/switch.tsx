/**
 * A switch: pressed is the confirmed state; a ring marks a pending command; a failed command shows its reason and
 * "Try again".
 */
import { useId } from "preact/hooks";

import { reading, role } from "../data/live";
import { titleOf } from "../devices/names";
import { isAnswering, isRelay, nameOf } from "../devices/points";
import type { Device, Point, Value } from "../data/shapes";
import { sendCommand, commandOf } from "../data/commands";
import { say } from "../text/words";
import { confirmed } from "./confirm";
import "./parts.css";

type Props = { device: Device; point: Point };

/** Why the device cannot be switched now; "" if it can. */
export function switchBar(device: Device, may: "read" | "control"): string {
  if (may === "read") return say("app.read_only");
  return isAnswering(device.state) ? "" : say("app.cannot_switch", { device: nameOf(device) });
}

/** Set a point of a device as a person asks for it: a critical device is switched once they have confirmed it. */
export async function setPoint(device: Device, point: Point, value: Value): Promise<void> {
  const asks = device.critical && (isRelay(point) || point.key === device.main);
  if (!asks || (await confirmed(device, value === true))) await sendCommand(device.id, point.key, value);
}

/**
 * A switch. `note={false}`: the reason of a failure is shown elsewhere, by a CommandNote. `label`: what it is called,
 * if not by its device and point.
 */
export function Switch({
  device,
  point,
  note = true,
  label,
  isLarge = false,
}: Props & { note?: boolean; label?: string; isLarge?: boolean }) {
  const barred = useId();
  const value = reading(device.id, point.key).value?.value;
  const pending = commandOf(device.id, point.key).value?.state === "pending";
  const bar = switchBar(device, role.value);
  const press = () => {
    if (!bar && !pending) void setPoint(device, point, value !== true);
  };
  return (
    <>
      <button
        type="button"
        class={isLarge ? "switch large" : "switch"}
        aria-label={label ?? switchLabel(device, point)}
        aria-pressed={value === undefined ? "mixed" : value === true}
        aria-busy={pending}
        aria-disabled={bar ? true : undefined}
        aria-describedby={bar ? barred : undefined}
        title={bar || undefined}
        onClick={press}
      >
        <span class="track" />
      </button>
      {bar && (
        <span class="hidden-text" id={barred}>
          {bar}
        </span>
      )}
      {note && <CommandNote device={device} point={point} />}
    </>
  );
}

/** The outcome of the last command, for a while. Also for points that are not switches. */
export function CommandNote({ device, point }: Props) {
  const last = commandOf(device.id, point.key).value;
  const outcome = last && last.state !== "pending" ? last : undefined;
  return (
    <span class="why" role="status" data-command={outcome?.state}>
      {outcome && <span>{outcome.reason}</span>}
      {outcome?.state === "failed" && (
        <button type="button" class="again" onClick={() => void setPoint(device, point, outcome.value)}>
          {say("app.try_again")}
        </button>
      )}
    </span>
  );
}

function switchLabel(device: Device, point: Point): string {
  const main = point.key === "on" || point.key === device.main;
  return main ? nameOf(device) : `${nameOf(device)}, ${titleOf(point)}`;
}
