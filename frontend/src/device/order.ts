/** The order in which devices are listed: as they stand in the house, or those in trouble first. Pure. */
import { inTree } from "../points";
import type { Device, State } from "../shapes";

export type Order = "hierarchy" | "state";
export type Row = { device: Device; depth: number };

const URGENCY: readonly State[] = ["faulted", "offline", "waiting", "connecting", "asleep", "online"];

/** Everybody but those that were only seen, which have a place of their own. */
export function listed(devices: readonly Device[], order: Order): Row[] {
  const known = devices.filter((one) => one.state !== "seen");
  if (order === "hierarchy") return inTree(known);
  const rank = (device: Device) => URGENCY.indexOf(device.state);
  return known
    .map((device) => ({ device, depth: 0 }))
    .sort((one, other) => rank(one.device) - rank(other.device));
}

/** How many are in each state, the worst first; states that nobody is in are left out, and who was only seen. */
export function tally(devices: readonly Device[]): { state: State; count: number }[] {
  const counts = URGENCY.map((state) => ({ state, count: devices.filter((one) => one.state === state).length }));
  return counts.filter(({ count }) => count > 0);
}
