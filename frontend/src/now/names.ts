/** Names, colours and digits of flows. */
import { quantityText } from "../text/format";
import type { Flow } from "../energy/flows";
import { byId } from "../data/live";
import { markOf } from "../charts/palette";
import { nameOf, pointOf, POWER } from "../devices/points";
import { meters } from "../data/recent";
import { say } from "../text/words";

type Which = Pick<Flow, "kind" | "id" | "count">;

const COLOURS = {
  small: "var(--rest)",
  grid: "var(--from-grid)",
  rest: "var(--rest)",
  unmetered: "var(--rest)",
  export: "var(--export)",
};

export function flowName({ kind, id, count = 0 }: Which): string {
  if (kind === "small") return say("now.small", { count });
  if (kind !== "device") return say(`now.${kind}`);
  const device = byId.value.get(id);
  return device ? nameOf(device) : id;
}

export function flowMark({ kind, id }: Which): string {
  return kind === "device" ? markOf(id) : COLOURS[kind];
}

/** The colour of an area: what is measured by no device is paler than its line. */
export function flowFill(which: Which): string {
  return which.kind === "rest" ? "var(--rest-fill)" : flowMark(which);
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
