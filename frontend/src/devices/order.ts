/** The order of the list of devices: by hierarchy, or those with problems first. Pure. */
import { inTree } from "./points";
import type { Device, State } from "../data/shapes";

export type Order = "hierarchy" | "state";
export type Row = { device: Device; depth: number };

const URGENCY: readonly State[] = ["faulted", "offline", "waiting", "connecting", "asleep", "online"];

/** All admitted devices. */
export function listed(devices: readonly Device[], order: Order): Row[] {
  const known = devices.filter((one) => one.state !== "seen");
  if (order === "hierarchy") return inTree(known);
  const rank = (device: Device) => URGENCY.indexOf(device.state);
  return known
    .map((device) => ({ device, depth: 0 }))
    .sort((one, other) => rank(one.device) - rank(other.device));
}

/** The number of admitted devices in each state, most severe first; states without devices are omitted. */
export function tally(devices: readonly Device[]): { state: State; count: number }[] {
  const counts = URGENCY.map((state) => ({ state, count: devices.filter((one) => one.state === state).length }));
  return counts.filter(({ count }) => count > 0);
}
