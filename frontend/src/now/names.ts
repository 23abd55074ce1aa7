/** Names, colours and digits of flows. */
import { quantityText } from "../format";
import type { Flow } from "../flows";
import { byId } from "../live";
import { markOf } from "../palette";
import { nameOf, pointOf, POWER } from "../points";
import { meters } from "../recent";
import { say } from "../words";

type Which = Pick<Flow, "kind" | "id">;

const COLOURS = { grid: "var(--grid-power)", rest: "var(--rest)", unmetered: "var(--rest)", export: "var(--export)" };

export function flowName({ kind, id }: Which): string {
  if (kind !== "device") return say(`now.${kind}`);
  const device = byId.value.get(id);
  return device ? nameOf(device) : id;
}

export function flowMark({ kind, id }: Which): string {
  return kind === "device" ? markOf(id) : COLOURS[kind];
}

/** The power of a flow as text, with the digits of its device, or of the meter for sums. */
export function powerText(which: Which, W: number): string {
  return quantityText(W, "W", exponentOf(which));
}

export function exponentOf({ kind, id }: Which): number {
  const ids = kind === "device" ? [id] : [...meters.value];
  const known = ids.flatMap((one) => byId.value.get(one) ?? []).flatMap((one) => pointOf(one, POWER)?.exponent ?? []);
  return known.length ? Math.max(...known) : -1;
}
