/**
 * What people asked devices to do and what came of it. A wish is pending until the device has confirmed; what
 * was refused keeps its reason for a while, for whoever looks at that device.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { post, Refused } from "./http";
import { reading } from "./live";
import type { Outcome, Value } from "./shapes";
import { say } from "./words";

export type Wish =
  | { state: "pending"; value: Value }
  | { state: "held"; value: Value; reason: string }
  | { state: "failed"; value: Value; reason: string };

const DONE = 30_000; // ms that a reason stays
const SHOWN = 1_000; // ms that a confirmed value may take to come over the WebSocket, which gathers for 250 ms

const wishes = new Map<string, Signal<Wish | undefined>>();

/** What was last asked of a point, while it matters. */
export function wishOf(device: string, point: string): ReadonlySignal<Wish | undefined> {
  return slot(device, point);
}

/** Ask for a value; settles when its fate is known. Never throws. */
export async function wish(device: string, point: string, value: Value): Promise<void> {
  const place = slot(device, point);
  const mine: Wish = { state: "pending", value };
  place.value = mine;
  const fate = await fateOf(device, point, value);
  if (place.peek() === mine) settle(place, fate);
}

function settle(place: Signal<Wish | undefined>, fate: Wish | undefined): void {
  place.value = fate;
  if (fate) setTimeout(() => place.peek() === fate && (place.value = undefined), DONE);
}

async function fateOf(device: string, point: string, value: Value): Promise<Wish | undefined> {
  try {
    const path = `/api/devices/${encodeURIComponent(device)}/set`;
    const { outcome, reason } = await post<Outcome>(path, { point, value, origin: "web" });
    if (outcome === "confirmed") return await shown(device, point, value);
    return { state: outcome === "held" ? "held" : "failed", value, reason: reason || say(`app.${outcome}`) };
  } catch (error) {
    return { state: "failed", value, reason: error instanceof Refused ? error.message : String(error) };
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

function slot(device: string, point: string): Signal<Wish | undefined> {
  const place = `${device}\n${point}`;
  let found = wishes.get(place);
  if (!found) wishes.set(place, (found = signal<Wish | undefined>(undefined)));
  return found;
}
