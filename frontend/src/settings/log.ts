/**
 * The list of events: stored and live ones, without duplicates, newest first. Pure.
 *
 *     GET /api/events ─┐
 *     notices ─────────┼──► one list, by local day
 *     current states ──┘
 */
import { formatter } from "../text/format";
import type { Device, HubEvent, State } from "../data/shapes";
import { say, sayIfKnown } from "../text/words";

export type Day = { day: string; events: HubEvent[] };

/** All notable events without duplicates, newest first; `most`: maximum number. */
export function merged(lists: readonly (readonly HubEvent[])[], most: number): HubEvent[] {
  const found = new Map<string, HubEvent>();
  for (const event of lists.flat()) if (isNotable(event) && !found.has(keyOf(event))) found.set(keyOf(event), event);
  return [...found.values()].sort((one, other) => timeOf(other) - timeOf(one)).slice(0, most);
}

/** The key of an event; the same for a state from the store and from the device. */
export function keyOf(event: HubEvent): string {
  const what = stateOf(event) ?? event.words;
  return `${timeOf(event)}|${event.device}|${event.kind}|${what}`;
}

/** The current states of devices as events. */
export function statesAsEvents(devices: readonly Device[]): HubEvent[] {
  return devices.flatMap(({ id, state, since, reason }) => {
    const data = { state, reason } as unknown as HubEvent["data"]; // the generated type has no keys
    return since ? [{ at: since, device: id, kind: "state", words: reason, data }] : [];
  });
}

/** The state in an event; undefined for other kinds of events. */
export function stateOf(event: HubEvent): State | undefined {
  return event.kind === "state" ? (event.data as { state?: State }).state : undefined;
}

/** The text of an event, without the name of the device. */
export function eventText(event: HubEvent): string {
  const state = stateOf(event);
  if (!state) return event.words;
  // its reason is meant for the command line
  const reason = state === "seen" ? "" : (event.data as { reason?: string }).reason;
  const word = sayIfKnown(`app.state_${state}`, state);
  return reason ? say("hub.event_state", { state: word, reason }) : word;
}

/** Whether the event is a problem; problems are marked. */
export function isProblem(event: HubEvent): boolean {
  const state = stateOf(event);
  if (state) return state === "offline" || state === "faulted" || state === "waiting";
  const { result } = event.data as { result?: string };
  return result === undefined
    ? event.kind === "rejected" || event.kind.endsWith("failed")
    : !["confirmed", "held"].includes(result);
}

/** The name of the kind of event. */
export function kindName(kind: string): string {
  return sayIfKnown(`hub.kind_${kind}`, kind.replaceAll("_", " "));
}

/** By local days, newest first; `now`: Unix seconds. */
export function byDay(events: readonly HubEvent[], now: number, zone: string): Day[] {
  const days: Day[] = [];
  for (const event of events) {
    const day = dayName(timeOf(event) / 1000, now, zone);
    const last = days[days.length - 1];
    if (last?.day === day) last.events.push(event);
    else days.push({ day, events: [event] });
  }
  return days;
}

/** `Today`, `Yesterday`, `Friday 20 November`, with the year if it is not the current one. */
export function dayName(at: number, now: number, zone: string): string {
  const date = formatter(zone, { year: "numeric", month: "2-digit", day: "2-digit" });
  if (date.format(at * 1000) === date.format(now * 1000)) return say("hub.today");
  if (dayBefore(date.format(now * 1000)) === date.format(at * 1000)) return say("hub.yesterday");
  const year = formatter(zone, { year: "numeric" });
  const shown = { weekday: "long", day: "numeric", month: "long" } as const;
  const same = year.format(at * 1000) === year.format(now * 1000);
  return formatter(zone, same ? shown : { ...shown, year: "numeric" })
    .format(at * 1000)
    .replace(",", "");
}

/** `19/11/2026` for `20/11/2026`, computed in calendar days, which may have 23 or 25 hours. */
function dayBefore(date: string): string {
  const [day = 1, month = 1, year = 1970] = date.split("/").map(Number);
  const before = new Date(Date.UTC(year, month - 1, day - 1));
  return (
    [before.getUTCDate(), before.getUTCMonth() + 1].map((part) => String(part).padStart(2, "0")).join("/") +
    `/${before.getUTCFullYear()}`
  );
}

/** Connecting is not notable; its result is. */
function isNotable(event: HubEvent): boolean {
  return stateOf(event) !== "connecting";
}

function timeOf(event: HubEvent): number {
  return Date.parse(event.at);
}
