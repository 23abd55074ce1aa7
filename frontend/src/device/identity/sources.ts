/** How sure the profile of a device is of its points, as the command line says it too. Pure. */
import type { Point } from "../../data/shapes";
import { say } from "../../text/words";

const MOST_NAMED = 3;

/**
 * One line; "" if the profile names no sources. Only numbers count, since theirs are the scales that may be wrong; and
 * all points that were named by what a device without a profile reports.
 */
export function sourcesText(points: readonly Point[]): string {
  const named = points.filter((point) => point.confidence === "matched" || point.confidence === "guessed");
  if (named.length) return namedText(named);
  const known = points.filter((point) => point.confidence && (point.kind === "number" || point.kind === "counter"));
  const disputed = known.filter((point) => point.confidence === "disputed").map((point) => point.key);
  if (disputed.length) return disputedText(disputed);
  const confirmed = known.filter((point) => point.confidence === "confirmed").length;
  if (confirmed && confirmed === known.length) return say("device.sources_confirmed");
  if (confirmed) return say("device.sources_some", { confirmed, all: known.length });
  return known.length ? say("device.sources_single") : "";
}

function namedText(named: readonly Point[]): string {
  const guessed = named.filter((point) => point.confidence === "guessed").length;
  const count = named.length;
  return guessed ? say("device.sources_guessed", { count, guessed }) : say("device.sources_named", { count });
}

function disputedText(keys: readonly string[]): string {
  const points = keys.slice(0, MOST_NAMED).join(", ");
  const more = keys.length - MOST_NAMED;
  return more > 0 ? say("device.sources_disputed_more", { points, more }) : say("device.sources_disputed", { points });
}
