/**
 * A home as its catalogue describes it, in the form that the pages of a hub have: so that the same components show it. Pure.
 *
 *     FleetHome ──► Device[]          series of its power ──► what it takes from the grid, quarter by quarter
 */
import { columnsFrom, DAY_COLUMNS, DAY_STEP_S } from "../../data/day";
import { planOf } from "../../energy/flows";
import { POWER, pointOf } from "../../devices/points";
import type { Device, Point, Series, Snapshot } from "../../data/shapes";
import { COLOURS } from "../../charts/palette";
import type { FleetHome, FleetRole, HomeDevice, HomeRow, LetOut } from "../shapes";

/** Its devices; those of a home without contact cannot be reached. */
export function devicesOf({ devices, row }: Pick<FleetHome, "devices" | "row">): Device[] {
  const state = row.state === "offline" || row.state === "revoked" ? "offline" : "online";
  const measuring = devices.filter((one) => one.points.some(({ key }) => key === POWER));
  return devices.map((one) => deviceOf(one, state, row.seen, measuring.indexOf(one)));
}

function deviceOf(one: HomeDevice, state: Device["state"], since: string | null, place: number): Device {
  return {
    id: one.id,
    identity: one.id,
    name: one.name,
    room: one.room,
    parent: one.parent,
    profile: one.product,
    state,
    since,
    reason: "",
    family: "",
    link: "",
    main: one.main,
    produces: one.produces,
    actions: [],
    info: {},
    schedule: [],
    critical: false,
    favourite: false,
    colour: place >= 0 && place < COLOURS ? place : null,
    points: one.points.map(pointFrom),
  };
}

/** An older hub does not say what can be set: of it, what is switched may be switched. */
function pointFrom({
  key,
  kind,
  unit,
  exponent,
  label,
  access,
  options,
  minimum,
  maximum,
}: HomeDevice["points"][number]): Point {
  return {
    key,
    kind: kind as Point["kind"],
    unit,
    exponent,
    label,
    access: access || (kind === "switch" ? "rw" : "r"),
    options,
    minimum,
    maximum,
    confidence: "",
  };
}

/** The state of a home before it says itself what it does. */
export function snapshotOf(home: FleetHome, at: number): Snapshot {
  return {
    at,
    version: home.row.version || "0",
    timezone: home.timezone,
    name: home.row.name,
    role: roleIn(home),
    devices: devicesOf(home),
    readings: [],
    alerts: [],
  };
}

/** Whether the person may switch something: their role, and what the home allows. */
export function roleIn({ role, let_out }: { role: FleetRole; let_out: Pick<LetOut, "control"> }): Snapshot["role"] {
  return role !== "viewer" && let_out.control ? "control" : "read";
}

/** The series whose sum is what the home takes from the grid; of a home without a meter, what its devices use. */
export function powerSeries(devices: readonly Device[]): { series: string[]; isGrid: boolean } {
  const plan = planOf(devices);
  const meters = devices.filter((one) => plan.meters.has(one.id) && pointOf(one, POWER));
  const tops = devices.filter((one) => pointOf(one, POWER) && !one.produces && !plan.above.get(one.id)?.length);
  const counted = meters.length ? meters : tops;
  return { series: counted.map((one) => `${one.id}.${POWER}`), isGrid: meters.length > 0 };
}

/** The sum of some series in quarters of an hour from `start` on; null where one of them is not known, and after `lastContact`. */
export function summed(
  all: readonly Pick<Series, "at" | "value" | "mean">[],
  start: number,
  lastContact: number,
): (number | null)[] {
  const columns = all.map((one) => columnsFrom(one, start));
  return Array.from({ length: DAY_COLUMNS }, (_, index) => {
    if (!columns.length || start + index * 900 > lastContact) return null;
    return columns.reduce<number | null>((sum, column) => {
      const value = column[index] ?? null;
      return sum === null || value === null ? null : sum + value;
    }, 0);
  });
}

/** The finest level that a home lets out. */
export function finest({ levels }: Pick<HomeRow, "levels">): "nothing" | "energy" | "quarter" | "minute" | "raw" {
  return (["raw", "minute", "quarter", "energy"] as const).find((one) => levels.includes(one)) ?? "nothing";
}

/** The line of these values from `start` on, each drawn until the next one, the newest for a quarter of an hour. */
export function drawn(values: readonly (number | null)[], start: number): { at: number[]; values: (number | null)[] } {
  const at = values.map((_, index) => start + index * DAY_STEP_S);
  const end = values.findLastIndex((one) => one !== null) + 1;
  if (!end) return { at, values: [...values] };
  return {
    at: [...at.slice(0, end), start + end * DAY_STEP_S, ...at.slice(end)],
    values: [...values.slice(0, end), values[end - 1] ?? null, ...values.slice(end)],
  };
}
