/**
 * What the list of homes shows, as the query of its address, so that it can be linked and the back button works. Pure.
 *
 *     /?state=offline&org=3&version=0.9.2&flag=alert.disk&q=Calle&open=abc…
 */
import type { Query } from "../../data/http";
import type { Filter, HomeState, Summary } from "../shapes";

/** The states, the worst first. */
export const STATES: readonly HomeState[] = ["attention", "offline", "behind", "well", "new", "revoked"];
const USUAL: readonly HomeState[] = ["attention", "offline", "behind", "well"];

export function filterOf(query: URLSearchParams): Filter {
  const org = Number(query.get("org") || NaN);
  return {
    org: Number.isSafeInteger(org) ? org : null,
    state: STATES.find((one) => one === query.get("state")) ?? "",
    flag: query.get("flag") ?? "",
    version: query.get("version") ?? "",
    q: query.get("q") ?? "",
  };
}

/** The parameters of a request, and of an address: what is not chosen is left out. */
export function queryOf({ org, state, flag, version, q }: Filter): Query {
  return {
    org: org ?? undefined,
    state: state || undefined,
    flag: flag || undefined,
    version: version || undefined,
    q: q || undefined,
  };
}

export function addressOf(filter: Filter, path = "/"): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(queryOf(filter)))
    if (value !== undefined) parameters.set(key, String(value));
  return parameters.size ? `${path}?${parameters}` : path;
}

/** The states that are offered: the usual ones, and others where a home is in them, or they are chosen. */
export function offered({ states }: Pick<Summary, "states">, chosen: string): HomeState[] {
  return STATES.filter((one) => USUAL.includes(one) || one === chosen || (states[one] ?? 0) > 0);
}

/** How many homes are found with no state chosen. */
export function allOf({ states }: Pick<Summary, "states">): number {
  return Object.values(states).reduce((sum, one) => sum + one, 0);
}

/** Alerts and levels that some home has, the most frequent first, and the one that is chosen. */
export function flagsOf(
  { flags }: Pick<Summary, "flags">,
  kind: "alert" | "level",
  chosen: string,
): [flag: string, homes: number][] {
  const found = Object.entries(flags).filter(([flag]) => flag.startsWith(`${kind}.`));
  if (chosen.startsWith(`${kind}.`) && !(chosen in flags)) found.push([chosen, 0]);
  return found.sort(([one, some], [other, more]) => more - some || one.localeCompare(other, "en"));
}

/** Versions, the newest first: `0.10.0` before `0.9.2`. */
export function versionsOf({ versions }: Pick<Summary, "versions">): string[] {
  return Object.keys(versions)
    .filter(Boolean)
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }));
}
