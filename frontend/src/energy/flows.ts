/**
 * Power flows: sources and uses, which always add up to the same total.
 *
 *     grid 1240 ─┐                 ┌─ kettle 1020       Only top-level devices are summed.
 *     solar 410 ─┼─── home ────────┼─ fridge 86         The rest is what no plug measures. If plugs use more than
 *                                  └─ rest 544          the known sources supply, an unmeasured source is added.
 *
 * Pure. A device without contact is not counted; the devices behind it are counted in its place.
 */
import { POWER, pointOf, switchOf } from "../devices/points";
import type { Device } from "../data/shapes";

/**
 * One part of a bar. `id`: the device, "" for other kinds. `small`: the smallest devices together; `count`: how many
 * they are.
 */
export type Flow = {
  kind: "grid" | "device" | "small" | "unmetered" | "rest" | "export";
  id: string;
  W: number;
  count?: number;
};

/**
 * `grid`: sum of all meters, negative while exporting; undefined if no meter is reachable.
 * `total`: the length of each bar. `silent`: devices that are not reachable and therefore not counted.
 */
export type Flows = { sources: Flow[]; uses: Flow[]; total: number; grid: number | undefined; silent: Device[] };

/** The structure needed to compute flows, derived from the list of devices. */
export type Plan = {
  devices: readonly Device[];
  meters: ReadonlySet<string>;
  above: ReadonlyMap<string, readonly string[]>;
};

export function planOf(devices: readonly Device[]): Plan {
  const measuring = devices.filter((one) => one.state !== "seen" && pointOf(one, POWER));
  const byId = new Map(devices.map((one) => [one.id, one]));
  const above = new Map(measuring.map((one) => [one.id, parentsOf(one, byId)]));
  const isMeasuring = new Set(measuring.map((one) => one.id));
  const tops = measuring.filter((one) => !above.get(one.id)?.some((parent) => isMeasuring.has(parent)));
  const consumers = tops.filter((one) => !one.produces);
  const hasChildren = (top: Device) => measuring.some((one) => above.get(one.id)?.includes(top.id));
  const isMeter = (top: Device) =>
    pointOf(top, "energy_export_Wh") !== undefined || (hasChildren(top) && (!switchOf(top) || consumers.length === 1));
  return { devices: measuring, meters: new Set(consumers.filter(isMeter).map((one) => one.id)), above };
}

/** The flows at one moment. `power`: the power of a device at that time, W; undefined if unknown. */
export function flowsOf(plan: Plan, power: (id: string) => number | undefined): Flows {
  const known = new Map<string, number>();
  for (const { id } of plan.devices) {
    const W = power(id);
    if (W !== undefined && Number.isFinite(W)) known.set(id, W);
  }
  const sides: Sides = { sources: [], uses: [], rest: 0, unmetered: 0 };
  const inside: Device[] = [];
  const outside: Device[] = [];
  const meters = [...plan.meters].filter((id) => known.has(id));
  for (const one of plan.devices) {
    if (!known.has(one.id) || plan.meters.has(one.id)) continue;
    const owner = plan.above.get(one.id)?.find((id) => known.has(id));
    if (owner === undefined) outside.push(one);
    else if (plan.meters.has(owner)) inside.push(one);
  }
  const grid = meters.length ? meters.reduce((sum, id) => sum + (known.get(id) ?? 0), 0) : undefined;
  balance(sides, inside, known, grid ?? 0);
  balance(sides, outside, known, 0);
  return { ...finish(sides, grid), grid, silent: plan.devices.filter((one) => !known.has(one.id)) };
}

type Sides = { sources: Flow[]; uses: Flow[]; rest: number; unmetered: number };

/** Sort devices into sources and uses; a surplus is the rest, a deficit is an unmeasured source. */
function balance(sides: Sides, devices: readonly Device[], known: ReadonlyMap<string, number>, grid: number): void {
  let left = grid;
  for (const { id, produces } of devices) {
    const gives = produces ? (known.get(id) ?? 0) : -(known.get(id) ?? 0);
    (gives > 0 || (gives === 0 && produces) ? sides.sources : sides.uses).push({
      kind: "device",
      id,
      W: Math.abs(gives),
    });
    left += gives;
  }
  if (left > 0) sides.rest += left;
  else sides.unmetered -= left;
}

/** Grid first, export last; the total is the larger sum. */
function finish(sides: Sides, grid: number | undefined): { sources: Flow[]; uses: Flow[]; total: number } {
  const sources: Flow[] = grid === undefined || grid < 0 ? [] : [{ kind: "grid", id: "", W: Math.abs(grid) }];
  sources.push(...sides.sources);
  if (sides.unmetered > TOLERANCE) sources.push({ kind: "unmetered", id: "", W: sides.unmetered });
  const uses = [...sides.uses];
  if (sides.rest > TOLERANCE) uses.push({ kind: "rest", id: "", W: sides.rest });
  if (grid !== undefined && grid < 0) uses.push({ kind: "export", id: "", W: -grid });
  return { sources, uses, total: Math.max(sum(sources), sum(uses)) };
}

const TOLERANCE = 1e-6; // W: for rounding errors
const MOST = 10; // parts of devices in a bar: there are as many colours

/**
 * The same bar with ten parts of devices at most: where more have a share, the smallest are one part behind the others.
 */
export function joined(flows: readonly Flow[]): readonly Flow[] {
  const devices = flows.filter((one) => one.kind === "device" && one.W > 0);
  if (devices.length <= MOST) return flows;
  const small = new Set([...devices].sort((one, other) => other.W - one.W).slice(MOST - 1));
  const last = flows.findLastIndex((one) => one.kind === "device");
  const together: Flow = { kind: "small", id: "", W: sum([...small]), count: small.size };
  return [...flows.slice(0, last + 1), together, ...flows.slice(last + 1)].filter((one) => !small.has(one));
}

export function sum(flows: readonly Flow[]): number {
  return flows.reduce((total, one) => total + one.W, 0);
}

function parentsOf(device: Device, byId: ReadonlyMap<string, Device>): string[] {
  const found: string[] = [];
  for (
    let next = byId.get(device.parent);
    next && next !== device && !found.includes(next.id);
    next = byId.get(next.parent)
  )
    found.push(next.id);
  return found;
}
