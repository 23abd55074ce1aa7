/** "Try again": the hub connects to a device that does not answer, now and not when its next attempt is due. */
import { byId, role } from "../data/live";
import { attemptOf, helpOf, reconnect } from "../data/reconnects";
import type { Device } from "../data/shapes";
import { nameOf } from "../devices/points";
import { say } from "../text/words";
import "./parts.css";

/** Nothing for those who may only look, and where the hub cannot connect by itself. */
export function ReconnectButton({ device }: { device: Device }) {
  if (role.value === "read" || helpOf(device, byId.value.get(device.parent))) return null;
  const { isBusy } = attemptOf(device.id).value;
  return (
    <button
      type="button"
      class="retry"
      aria-busy={isBusy}
      aria-disabled={isBusy || undefined}
      aria-label={isBusy ? undefined : say("reconnect.label", { device: nameOf(device) })}
      onClick={() => void reconnect(device.id)}
    >
      {say(isBusy ? "reconnect.busy" : "app.try_again")}
    </button>
  );
}

/**
 * How the last attempt ended, else what brings the device back where the hub cannot connect by itself, else what may be
 * the cause.
 */
export function ReconnectHelp({ device }: { device: Device }) {
  const help = helpOf(device, byId.value.get(device.parent));
  return <span role="status">{attemptOf(device.id).value.failed || help || say("alert.unplugged")}</span>;
}
