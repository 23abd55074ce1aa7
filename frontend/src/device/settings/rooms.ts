/** The rooms that devices are in, in the order of the alphabet; `own`: one more. Pure. */
import type { Device } from "../../data/shapes";

export function roomsOf(devices: readonly Pick<Device, "room">[], own = ""): readonly string[] {
  const rooms = new Set([...devices.map((one) => one.room), own].filter(Boolean));
  return [...rooms].sort((one, other) => one.localeCompare(other, undefined, { numeric: true, sensitivity: "base" }));
}
