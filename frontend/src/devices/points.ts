/** The roles of points: the switch, the main value; and the hierarchy of devices. */
import type { Device, Point, State } from "../data/shapes";
import { titled } from "../text/printable";

export const POWER = "power_W";

/** The point with that key. */
export function pointOf(device: Device, key: string): Point | undefined {
  return device.points.find((point) => point.key === key);
}

/** The writable on/off point. */
export function switchOf(device: Device): Point | undefined {
  const switches = device.points.filter((point) => point.kind === "switch" && point.access !== "r");
  const find = (key: string) => switches.find((point) => point.key === key);
  return find(device.main) ?? find("on") ?? switches[0];
}

const RELAY = /^on(_\d+|_all)?$/;

/** The relays of a device, one for each channel: what it stops with. */
export function relaysOf(device: Device): readonly Point[] {
  return device.points.filter(isRelay);
}

export function isRelay(point: Point): boolean {
  return point.kind === "switch" && point.access !== "r" && RELAY.test(point.key);
}

/** The main value: power, otherwise the main point of the profile, otherwise the first readable point. */
export function mainOf(device: Device): Point | undefined {
  const main = pointOf(device, device.main);
  const readable = device.points.filter(
    (point) => point.access !== "w" && point.kind !== "counter" && point.kind !== "raw",
  );
  const own = main && main !== switchOf(device) ? main : undefined;
  return pointOf(device, POWER) ?? own ?? readable.find((point) => point.access === "r") ?? readable[0] ?? main;
}

/** The display name of a device. */
export function nameOf(device: Pick<Device, "id" | "name">): string {
  return device.name || device.id;
}

/** The name of a point in its profile, else its key as words; pages show `titleOf` (names.ts). */
export function pointName(point: Point): string {
  return point.label || titled(keyWithoutUnit(point));
}

/** `voltage_a` of `voltage_a_V`. */
export function keyWithoutUnit({ key, unit }: Point): string {
  return unit ? key.slice(0, key.lastIndexOf("_")) : key;
}

/** Whether the last values are still valid. */
export function isAnswering(state: State): boolean {
  return state === "online" || state === "asleep";
}

/** Devices in hierarchical order, children after their parent. `depth` 0 = top level. */
export function inTree(devices: readonly Device[]): { device: Device; depth: number }[] {
  const known = new Set(devices.map((one) => one.id));
  const shown = new Set<string>();
  const rows: { device: Device; depth: number }[] = [];
  const branch = (device: Device, depth: number) => {
    if (shown.has(device.id)) return;
    shown.add(device.id);
    rows.push({ device, depth });
    for (const child of devices) if (child.parent === device.id) branch(child, depth + 1);
  };
  for (const device of devices) if (!known.has(device.parent)) branch(device, 0);
  for (const device of devices) branch(device, 0); // those in a cycle of parents
  return rows;
}

/** The devices that lose their power with this one: all that count inside it. */
export function behind(device: Device, devices: readonly Device[]): readonly Device[] {
  const found = new Set([device.id]);
  for (let count = 0; count < found.size; ) {
    count = found.size;
    for (const one of devices) if (found.has(one.parent)) found.add(one.id);
  }
  return devices.filter((one) => one.id !== device.id && found.has(one.id));
}
