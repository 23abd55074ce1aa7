/** What a device's points are for: which one switches it, which one says most, where it stands in the house. */
import type { Device, Point, State } from "./shapes";

export const POWER = "power_W";

/** The point of that key. */
export function pointOf(device: Device, key: string): Point | undefined {
  return device.points.find((point) => point.key === key);
}

/** The point that says on or off, and that people may switch. */
export function switchOf(device: Device): Point | undefined {
  const switches = device.points.filter((point) => point.kind === "switch" && point.access !== "r");
  const wanted = (key: string) => switches.find((point) => point.key === key);
  return wanted(device.main) ?? wanted("on") ?? switches[0];
}

/** The point that says most of how it is now: power, else what the profile calls main, else the first to read. */
export function mainOf(device: Device): Point | undefined {
  const main = pointOf(device, device.main);
  const telling = device.points.filter((point) => point.access !== "w" && point.kind !== "counter" && point.kind !== "raw");
  const own = main && main !== switchOf(device) ? main : undefined;
  return pointOf(device, POWER) ?? own ?? telling.find((point) => point.access === "r") ?? telling[0] ?? main;
}

/** What people call it. */
export function nameOf(device: Pick<Device, "id" | "name">): string {
  return device.name || device.id;
}

/** What people call a point: `Power`, `Countdown`, or the label that its profile gives it. */
export function pointName(point: Point): string {
  if (point.label) return point.label;
  const plain = point.unit ? point.key.slice(0, point.key.lastIndexOf("_")) : point.key;
  const words = plain.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Whether what it said last still holds. */
export function isAnswering(state: State): boolean {
  return state === "online" || state === "asleep";
}

/** Tops first, what has a parent right after it, in the house's order. `depth` 0 = a top. */
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
  for (const device of devices) branch(device, 0); // those that are each other's parent
  return rows;
}
