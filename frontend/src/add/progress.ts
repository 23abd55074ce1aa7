/**
 * Where in adding a device the page is: its address says what was chosen, the hub whether the test still runs. Pure.
 */
import type { LinkTest } from "../data/shapes";

export type Step = "found" | "trial" | "naming";
export const STEPS: readonly Step[] = ["found", "trial", "naming"];
export type Way = "" | "hand" | "tuya";

export type Place = { step: Step; offer: string; way: Way };

/** `/add`, `/add?by=hand`, `/add?offer=ID`, `/add?offer=ID&step=naming`. */
export function placeOf(query: URLSearchParams): Place {
  const offer = query.get("offer") ?? "";
  const by = query.get("by");
  const way = by === "hand" || by === "tuya" ? by : "";
  return { step: !offer ? "found" : query.get("step") === "naming" ? "naming" : "trial", offer, way };
}

/** The address of a step of an offer. */
export function addressOf(offer = "", step: Step = "trial"): string {
  if (!offer) return "/add";
  return `/add?offer=${encodeURIComponent(offer)}${step === "naming" ? "&step=naming" : ""}`;
}

/**
 * What the test of the hub is to this page.
 *
 *     begin: none runs, begin one      taken: another offer is tested, for another browser
 *     begun: ours, not seen yet        ours: follow it     replaced: another browser has begun another one
 */
export type Relation = "begin" | "begun" | "ours" | "taken" | "replaced";

/** `mine`: the number of the test that this page began, undefined = none. `seen`: whether the hub has shown it. */
export function relationOf(test: LinkTest, offer: string, mine: number | undefined, seen: boolean): Relation {
  if (mine === undefined) return isActive(test) ? (test.offer === offer ? "ours" : "taken") : "begin";
  if (test.number === mine && test.offer === offer) return "ours";
  if (!seen) return "begun";
  return test.number > mine ? "replaced" : "begin"; // a hub that was restarted counts from 1 again
}

/** Whether the test holds its link. */
export function isActive(test: Pick<LinkTest, "phase">): boolean {
  return test.phase === "listening" || test.phase === "trying" || test.phase === "answering";
}

/** How often the page asks, ms: often while something is to be seen. */
export function pauseOf(test: Pick<LinkTest, "phase"> | undefined, looks: boolean): number {
  return test && isActive(test) ? 500 : looks ? 1_000 : 3_000;
}
