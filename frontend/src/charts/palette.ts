/**
 * The colour of each device: the same in bars, charts, cards and rows. The hub gives them out, in the order of the
 * home, and keeps them; so a colour stays when a device is added or removed.
 *
 *     its colour, 0 … 9 ──► --use-0 … --use-9                             producers ──► --solar
 *     none: more than ten devices, or it measures no power ──► --rest     meters    ──► --from-grid
 *
 * Neighbours of a stack are neighbours of that order at first, whose colours have the largest distances
 * (palette.test.ts).
 */
import { computed } from "@preact/signals";

import { planOf } from "../energy/flows";
import { byId, devices } from "../data/live";
import type { Device } from "../data/shapes";

export const COLOURS = 10; // --use-0 … --use-9 in style.css

/** The CSS colour of a colour's number; null: of a device that has none. */
export function markOfUse(colour: number | null): string {
  return colour !== null && colour < COLOURS ? `var(--use-${colour})` : "var(--rest)";
}

const meters = computed(() => planOf(devices.value).meters);

/** The CSS colour of a device: `var(--use-2)`; `var(--solar)` for producers, `var(--from-grid)` for meters. */
export function markOf(id: string): string {
  const device = byId.value.get(id);
  return device ? deviceMark(device, meters.value) : "var(--rest)";
}

export function deviceMark(device: Pick<Device, "id" | "produces" | "colour">, meters: ReadonlySet<string>): string {
  if (device.produces) return "var(--solar)";
  return meters.has(device.id) ? "var(--from-grid)" : markOfUse(device.colour);
}

/** A CSS colour as `rgb(…)`, for a canvas, which does not support variables. */
export function resolved(colour: string): string {
  const probe = document.createElement("span");
  probe.style.color = colour;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
