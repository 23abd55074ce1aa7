/**
 * What the page shows of a gateway: the window in which sub-devices may join, who joined in it, batteries and signals.
 */
import { reading } from "../../data/live";
import { isAnswering, nameOf, pointOf } from "../../devices/points";
import type { Device, Point, Reading, Role } from "../../data/shapes";
import { say } from "../../text/words";

/** The actions of a gateway that have a section of their own. */
export const JOINING_ACTIONS: readonly string[] = ["permit", "stop"];

export const SECURITY = "security"; // the point of the state of an alarm system
const LOW_PERCENT = 15; // of a battery
const LOW_WORDS: readonly unknown[] = ["low", true];

/** Whether the device has an action of that name. */
export function offers(device: Device, action: string): boolean {
  return device.actions.some((one) => one.name === action);
}

/** Why nothing can be asked of a gateway now; "" if something can. */
export function barOf(gateway: Device, role: Role): string {
  if (role === "read") return say("app.read_only");
  return isAnswering(gateway.state) ? "" : say("gateway.unreachable", { device: nameOf(gateway) });
}

/** Whether sub-devices can join it. */
export function isGateway(device: Device): boolean {
  return offers(device, "permit");
}

/** Whether it keeps infrared codes. */
export function hasInfrared(device: Device): boolean {
  return offers(device, "send_ir");
}

/** Whether it has an alarm system: others offer to arm, too, but report no state. */
export function hasSecurity(device: Device): boolean {
  return offers(device, "arm") && reading(device.id, SECURITY).value !== undefined;
}

/** Whether it was given a name. */
export function isNamed(device: Device): boolean {
  return device.name !== "" && device.name !== device.id;
}

/** The sub-devices of a gateway, in the order of their names. */
export function partsOf(gateway: Device, devices: readonly Device[]): readonly Device[] {
  const parts = devices.filter((one) => one.parent === gateway.id && offers(one, "remove"));
  return parts.sort((one, other) =>
    nameOf(one).localeCompare(nameOf(other), undefined, { numeric: true, sensitivity: "base" }),
  );
}

/** A sub-device as its gateway shows it: where the gateway is gone, not each of them names the reason. */
export function withoutReason(part: Device, gateway: Device): Device {
  return isAnswering(gateway.state) ? part : { ...part, reason: "" };
}

/** The seconds left at `now` of a time that a reading reported; whole ones, rounded up. */
export function secondsLeft(reported: Reading | undefined, now: number): number {
  if (typeof reported?.value !== "number") return 0;
  return Math.max(0, Math.min(reported.value, Math.ceil(reported.at + reported.value - now)));
}

/** `1:05`. */
export function countdownText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** When the window was opened that is open now; undefined: none is. */
export function openSince(gateway: Device): number | undefined {
  const [joining, left] = [reading(gateway.id, "joining").value, reading(gateway.id, "joining_left_s").value];
  return joining?.value === true ? left?.at : undefined;
}

/** Who was there before the last window was opened. `at`: when that was; undefined: it was not seen open. */
export type Joins = { at: number | undefined; before: ReadonlySet<string>; latest: ReadonlySet<string> };

export const NO_JOINS: Joins = { at: undefined, before: new Set(), latest: new Set() };

/** The same after a look at the gateway: who is there, and when its open window was opened. */
export function withLook(joins: Joins, ids: readonly string[], openedAt: number | undefined, isFirst: boolean): Joins {
  const latest = new Set(ids);
  const opened = openedAt !== undefined && openedAt !== joins.at;
  return opened ? { at: openedAt, before: isFirst ? latest : joins.latest, latest } : { ...joins, latest };
}

/** Who joined since the last window was opened. */
export function isNew(joins: Joins, id: string): boolean {
  return joins.at !== undefined && joins.latest.has(id) && !joins.before.has(id);
}

/** The point that shows the charge of the battery. */
export function batteryOf(device: Device): Point | undefined {
  return pointOf(device, "battery_percent") ?? readable(device, /^battery/);
}

/** The point that shows how well it is received. */
export function signalOf(device: Device): Point | undefined {
  return readable(device, /^(signal|link_quality|rssi)/);
}

/** Whether the value of its battery means that it must be changed soon. */
export function isLow(value: unknown, point: Point): boolean {
  if (typeof value === "number") return point.unit === "%" && value <= LOW_PERCENT;
  return LOW_WORDS.includes(value);
}

function readable(device: Device, key: RegExp): Point | undefined {
  return device.points.find((point) => point.access !== "w" && key.test(point.key));
}
