/**
 * The rooms of a home: which device stands where, the power of a room, and what "All off" does there. Pure.
 *
 *     its own room ──► that        a sub-device ──► the room of the device that it is behind
 *     meters, and producers without a room ──► the whole home        the rest ──► without a room
 */
import { isAnswering, pointOf, POWER, relaysOf } from "../devices/points";
import type { Plan } from "../energy/flows";
import type { Device, Point, Value } from "../data/shapes";

/**
 * `kind` room: `name` is what its owner calls it; otherwise "". `all`: no device has a room. `devices`: in the order of
 * the home.
 */
export type Room = { kind: "room" | "none" | "all" | "whole"; name: string; devices: readonly Device[] };

/**
 * The rooms with their devices: in the order of the home, the whole home last. Plugs that are only seen are in none.
 */
export function roomsOf(devices: readonly Device[], meters: ReadonlySet<string>): Room[] {
  const byId = new Map(devices.map((one) => [one.id, one]));
  const rooms = new Map<string, Device[]>();
  const none: Device[] = [];
  const whole: Device[] = [];
  for (const one of devices) {
    if (one.state === "seen") continue;
    const room = roomNameOf(one, byId);
    if (meters.has(one.id) || (!room && one.produces)) whole.push(one);
    else if (!room) none.push(one);
    else if (rooms.has(room)) rooms.get(room)?.push(one);
    else rooms.set(room, [one]);
  }
  const named = [...rooms].map(([name, inside]): Room => ({ kind: "room", name, devices: inside }));
  const others: Room[] = [
    { kind: named.length ? "none" : "all", name: "", devices: none },
    { kind: "whole", name: "", devices: whole },
  ];
  return [...named, ...others.filter((room) => room.devices.length)];
}

/** The room of a device; that of its gateway for a sub-device without one; "" for none. */
export function roomNameOf(device: Device, byId: ReadonlyMap<string, Device>): string {
  const above = byId.get(device.parent);
  return device.room || (above && isBehind(device, above) ? above.room : "");
}

/** Whether a device is a part of another one: on the same wire. */
function isBehind(device: Device, above: Device): boolean {
  return above.id !== device.id && above.link === device.link;
}

/**
 * The power that the devices of a room use, W; undefined if none of them says. What is measured by another device of
 * the same room too counts once; what is produced does not count.
 */
export function powerOf(room: Room, plan: Plan, power: (id: string) => number | undefined): number | undefined {
  const uses = (one: Device) =>
    !one.produces && !plan.meters.has(one.id) && isAnswering(one.state) && pointOf(one, POWER);
  const known = new Map(room.devices.filter(uses).flatMap((one) => pairOf(one.id, power(one.id))));
  const counted = [...known].filter(([id]) => !plan.above.get(id)?.some((above) => known.has(above)));
  return counted.length ? counted.reduce((sum, [, W]) => sum + W, 0) : undefined;
}

function pairOf(id: string, W: number | undefined): [string, number][] {
  return W === undefined || !Number.isFinite(W) ? [] : [[id, W]];
}

/** A device with the relays of it that are on. */
export type Switched = { device: Device; points: readonly Point[] };

/**
 * What "All off" does: `off` is switched off; `critical` and producers (`produces`) stay on, and those that cannot be
 * reached (`gone`) stay as they are. What is off already is in none of them.
 */
export type AllOff = {
  off: readonly Switched[];
  critical: readonly Device[];
  produces: readonly Device[];
  gone: readonly Device[];
};

/** `value`: of a point, undefined if it is not known; such a relay is switched off too. */
export function allOff(
  devices: readonly Device[],
  value: (device: string, point: string) => Value | undefined,
): AllOff {
  const isOn = ({ device, points }: Switched) => points.some((point) => value(device.id, point.key) !== false);
  const on = devices
    .map((device) => ({ device, points: relaysOf(device) }))
    .filter(isOn)
    .map(({ device, points }) => ({ device, points: points.filter((point) => value(device.id, point.key) !== false) }));
  const gone = on.filter(({ device }) => !isAnswering(device.state));
  const reached = on.filter((one) => !gone.includes(one));
  const stays = reached.filter(({ device }) => device.critical || device.produces).map(({ device }) => device);
  return {
    off: reached.filter(({ device }) => !stays.includes(device)),
    critical: stays.filter((one) => one.critical),
    produces: stays.filter((one) => !one.critical),
    gone: gone.map(({ device }) => device),
  };
}

/** Whether "All off" can do anything in a room: something in it can be switched off, on or not. */
export function hasSwitches(room: Room): boolean {
  return room.devices.some((one) => relaysOf(one).length > 0 && !one.critical && !one.produces);
}

export type Filter = "all" | "on" | "gone";

/** Whether a device is shown. `isOn`: one of its relays, or what it measures, says so. */
export function passes(filter: Filter, device: Device, isOn: (device: Device) => boolean): boolean {
  if (filter === "gone") return isGone(device);
  return filter === "all" || (isAnswering(device.state) && isOn(device));
}

/** Whether a device does not answer, though it should. */
export function isGone({ state }: Device): boolean {
  return state === "offline" || state === "faulted";
}

const IDLE_W = 0.5; // what less is, is off

/** Whether a device is on: its relay says so; without one it uses power, or gives some. */
export function isOn(device: Device, value: (device: string, point: string) => Value | undefined): boolean {
  const relays = relaysOf(device);
  if (relays.length) return relays.some((point) => value(device.id, point.key) === true);
  const W = value(device.id, POWER);
  return typeof W === "number" && Math.abs(W) >= IDLE_W;
}

/** The devices that stand first: in the order of the home. */
export function favouritesOf(devices: readonly Device[]): readonly Device[] {
  return devices.filter((one) => one.favourite && one.state !== "seen");
}

/** The rooms without the devices that are shown elsewhere; empty ones are omitted. `whole`: the room as it is. */
export function without(rooms: readonly Room[], shown: readonly Device[]): { room: Room; whole: Room }[] {
  const ids = new Set(shown.map((one) => one.id));
  return rooms
    .map((whole) => ({ whole, room: { ...whole, devices: whole.devices.filter((one) => !ids.has(one.id)) } }))
    .filter(({ room }) => room.devices.length > 0);
}
