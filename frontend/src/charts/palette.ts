/**
 * The colour of each device: the same in bars, charts and rows.
 *
 *     the first ten in the order of the configuration ──► --use-0 … --use-9      producers ──► --solar
 *     further devices, and those that do not measure power ──► --rest            meters    ──► --from-grid
 *
 * Neighbours of a stack are neighbours of that order, whose colours have the largest distances (palette.test.ts).
 */
import { computed } from "@preact/signals";

import { planOf } from "../energy/flows";
import { devices } from "../data/live";

export const COLOURS = 10; // --use-0 … --use-9 in style.css

/** The CSS colours of devices that use power, in their order. */
export function assigned(ids: readonly string[]): Map<string, string> {
  return new Map(ids.map((id, index) => [id, index < COLOURS ? `var(--use-${index})` : "var(--rest)"]));
}

const plan = computed(() => planOf(devices.value));
const uses = computed(() => assigned(plan.value.devices.filter((one) => !one.produces && !plan.value.meters.has(one.id)).map((one) => one.id)));
const producers = computed(() => new Set(devices.value.filter((one) => one.produces).map((one) => one.id)));

/** The CSS colour of a device: `var(--use-2)`; `var(--solar)` for producers, `var(--from-grid)` for meters. */
export function markOf(id: string): string {
  if (producers.value.has(id)) return "var(--solar)";
  return plan.value.meters.has(id) ? "var(--from-grid)" : (uses.value.get(id) ?? "var(--rest)");
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
