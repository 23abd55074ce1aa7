/**
 * What people asked devices to do and what came of it. A sendCommand is pending until the device has confirmed; what
 * was refused keeps its reason for a while, for whoever looks at that device.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { post, HubError } from "./http";
import { reading } from "./live";
import type { Outcome, Value } from "./shapes";
import { say } from "./words";

export type PointCommand =
  | { state: "pending"; value: Value }
  | { state: "held"; value: Value; reason: string }
  | { state: "failed"; value: Value; reason: string };

const DONE = 30_000; // ms that a reason stays
const SHOWN = 1_000; // ms that a confirmed value may take to come over the WebSocket, which gathers for 250 ms

const commands = new Map<string, Signal<PointCommand | undefined>>();

/** What was last asked of a point, while it matters. */
export function commandOf(device: string, point: string): ReadonlySignal<PointCommand | undefined> {
  return slot(device, point);
}

/** Ask for a value; settles when its fate is known. Never throws. */
export async function sendCommand(device: string, point: string, value: Value): Promise<void> {
  const place = slot(device, point);
  const mine: PointCommand = { state: "pending", value };
  place.value = mine;
  const fate = await outcomeOf(device, point, value);
  if (place.peek() === mine) settle(place, fate);
}

function settle(place: Signal<PointCommand | undefined>, fate: PointCommand | undefined): void {
  place.value = fate;
  if (fate) setTimeout(() => place.peek() === fate && (place.value = undefined), DONE);
}

async function outcomeOf(device: string, point: string, value: Value): Promise<PointCommand | undefined> {
  try {
    const path = `/api/devices/${encodeURIComponent(device)}/set`;
    const { outcome, reason } = await post<Outcome>(path, { point, value, origin: "web" });
    if (outcome === "confirmed") return await shown(device, point, value);
    return { state: outcome === "held" ? "held" : "failed", value, reason: reason || say(`app.${outcome}`) };
  } catch (error) {
    return { state: "failed", value, reason: error instanceof HubError ? error.message : String(error) };
  }
}

/** Until what was confirmed is on the page: else the old value would stand there for a moment as if nothing was asked. */
function shown(device: string, point: string, value: Value): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = reading(device, point).subscribe((newest) => newest?.value === value && resolve(undefined));
    setTimeout(() => {
      stop();
      resolve(undefined);
    }, SHOWN);
  });
}

function slot(device: string, point: string): Signal<PointCommand | undefined> {
  const place = `${device}\n${point}`;
  let found = commands.get(place);
  if (!found) commands.set(place, (found = signal<PointCommand | undefined>(undefined)));
  return found;
}
