/**
 * Commands sent to devices and their outcomes. A command is pending until the device has confirmed it; the reason of a
 * failure is shown for a while.
 */
import { signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { cached } from "./cached";
import { post, HubError } from "./http";
import { reading } from "./live";
import type { Outcome, Value } from "./shapes";
import { say } from "../text/words";

export type PointCommand =
  | { state: "pending"; value: Value }
  | { state: "held"; value: Value; reason: string }
  | { state: "failed"; value: Value; reason: string };

/**
 * Carries a command to a device; resolves with what became of it: undefined where the device confirmed it. Never
 * rejects.
 */
export type Carrier = (device: string, point: string, value: Value) => Promise<PointCommand | undefined>;

let carrier: Carrier = throughHub;

/** Commands go another way than to the hub that the page is of. */
export function carryBy(own: Carrier): void {
  carrier = own;
}

const REASON_MS = 30_000; // for which a reason is shown
const UPDATE_MS = 1_000; // within which a confirmed value arrives over the WebSocket (one frame per 250 ms)

const commands = new Map<string, Signal<PointCommand | undefined>>();

/** The last command to a point, while it is pending or its reason is shown. */
export function commandOf(device: string, point: string): ReadonlySignal<PointCommand | undefined> {
  return slot(device, point);
}

/** Set a point; resolves when the outcome is known: undefined where the device confirmed it. Never throws. */
export async function sendCommand(device: string, point: string, value: Value): Promise<PointCommand | undefined> {
  const place = slot(device, point);
  const mine: PointCommand = { state: "pending", value };
  place.value = mine;
  const outcome = await carrier(device, point, value);
  if (place.peek() === mine) settle(place, outcome);
  return outcome;
}

function settle(place: Signal<PointCommand | undefined>, outcome: PointCommand | undefined): void {
  place.value = outcome;
  if (!outcome) return;
  setTimeout(() => {
    if (place.peek() === outcome) place.value = undefined;
  }, REASON_MS);
}

async function throughHub(device: string, point: string, value: Value): Promise<PointCommand | undefined> {
  try {
    const path = `/api/devices/${encodeURIComponent(device)}/set`;
    const { outcome, reason } = await post<Outcome>(path, { point, value, origin: "web" });
    if (outcome === "confirmed") return await shown(device, point, value);
    // Only a device that refuses says more than the page can: the hub writes English, and of the other outcomes what
    // its line saw.
    return {
      state: outcome === "held" ? "held" : "failed",
      value,
      reason: (outcome === "refused" && reason) || say(`app.${outcome}`),
    };
  } catch (error) {
    return { state: "failed", value, reason: error instanceof HubError ? error.message : String(error) };
  }
}

/** Wait until the confirmed value is shown, so that the previous one does not reappear for a moment. */
function shown(device: string, point: string, value: Value): Promise<undefined> {
  return new Promise((resolve) => {
    const stop = reading(device, point).subscribe((newest) => newest?.value === value && resolve(undefined));
    setTimeout(() => {
      stop();
      resolve(undefined);
    }, UPDATE_MS);
  });
}

function slot(device: string, point: string): Signal<PointCommand | undefined> {
  const place = `${device}\n${point}`;
  return cached(commands, place, () => signal<PointCommand | undefined>(undefined));
}
