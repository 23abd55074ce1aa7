/** Devices and quantities that can be shown, and the resulting series. Pure. */
import { inTree, nameOf, pointOf, POWER as POWER_KEY } from "../devices/points";
import { titleOf } from "../devices/names";
import type { Device, Point } from "../data/shapes";
import { ALONE, ENERGY, HOURS, LOAD, POWER, REST, UNUSUAL, type View } from "./view";
import { IMPORT } from "./energy";

/** One selected series: `kettle.power_W`. */
export type Wanted = Readonly<{ device: Device; point: Point; key: string; name: string }>;

export const MOST_PICKED = 6; // number of lines that are selected by default

/** The point key of `power` and `energy`; anything else is a key already. */
export function keyOf(what: string): string {
  return what === POWER || what === LOAD
    ? POWER_KEY
    : what === ENERGY || what === HOURS || what === UNUSUAL
      ? IMPORT
      : what;
}

/** Devices that have any of these quantities, in hierarchical order. */
export function candidates(devices: readonly Device[], what: readonly string[]): Device[] {
  const keys = what.map(keyOf);
  const able = devices.filter((one) => one.state !== "seen" && keys.some((key) => isDrawable(pointOf(one, key))));
  return inTree(able).map(({ device }) => device);
}

/** The devices shown: as selected, otherwise the first few (of what stands alone all, because they add up). */
export function chosen(able: readonly Device[], view: View): Device[] {
  if (view.devices && !isRestOnly(view)) return able.filter((one) => view.devices?.includes(one.id));
  return view.what.some((one) => ALONE.includes(one)) ? [...able] : able.slice(0, MOST_PICKED);
}

/** Whether only what no device measures is shown. */
export function isRestOnly({ devices }: View): boolean {
  return devices?.length === 1 && devices[0] === REST;
}

/** The series of these devices, named by device, and by point if necessary. */
export function wantedOf(devices: readonly Device[], what: readonly string[]): Wanted[] {
  const keys = what.map(keyOf);
  const found = keys.flatMap((key) =>
    devices.flatMap((device) => {
      const point = pointOf(device, key);
      return point && isDrawable(point) ? [{ device, point }] : [];
    }),
  );
  const points = new Map<string, Set<string>>();
  for (const { point } of found) points.set(point.unit, (points.get(point.unit) ?? new Set()).add(point.key));
  return found.map(({ device, point }) => {
    const isAlone = (points.get(point.unit)?.size ?? 0) < 2;
    const name = isAlone ? nameOf(device) : `${nameOf(device)}, ${titleOf(point)}`;
    return { device, point, key: `${device.id}.${point.key}`, name };
  });
}

/** Quantities other than power, with key and name. */
export function quantities(devices: readonly Device[]): { key: string; name: string }[] {
  const found = new Map<string, string>();
  for (const device of devices)
    for (const point of device.state === "seen" ? [] : device.points)
      if (isDrawable(point) && point.key !== POWER_KEY && !found.has(point.key))
        found.set(point.key, point.unit ? `${titleOf(point)}, ${point.unit}` : titleOf(point));
  return [...found]
    .map(([key, name]) => ({ key, name }))
    .sort((one, other) => one.name.localeCompare(other.name, "en"));
}

/** One panel for each unit, in the order of the series. */
export function panelsOf(wanted: readonly Wanted[]): { unit: string; wanted: Wanted[] }[] {
  const panels = new Map<string, Wanted[]>();
  for (const one of wanted) panels.set(panelKey(one.point), [...(panels.get(panelKey(one.point)) ?? []), one]);
  return [...panels.values()].map((all) => ({ unit: all[0]?.point.unit ?? "", wanted: all }));
}

/** Switches are in a panel of their own, and so is each number without a unit. */
function panelKey(point: Point): string {
  return point.kind === "switch" ? "switch" : point.unit || point.key;
}

function isDrawable(point: Point | undefined): boolean {
  return (
    point !== undefined &&
    point.access !== "w" &&
    (point.kind === "number" || point.kind === "counter" || point.kind === "switch")
  );
}
