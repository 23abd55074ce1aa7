/**
 * The stream of the page: what it shows is sent to the fleet, and what changes of that comes back. One for all of its parts.
 *
 *     rows on the page, batch of commands, home that is looked at ──► WS /api/fleet/changes ──► FleetChanges
 */
import { batch, computed, signal } from "@preact/signals";

import { connection, followClock, lostSince, receive, send, type Stream } from "../data/live";
import { parse } from "../text/printable";
import type { Live } from "../data/shapes";
import type { Filter, FleetChanges, FleetRole, FleetSession, Organisation, Summary } from "./shapes";

export const NO_FILTER: Filter = { org: null, state: "", flag: "", version: "", q: "" };

type Watch = { homes: readonly string[]; commands: string; look: string; filter: Filter };

const SEND_MS = 150; // scrolling changes the rows often

/** Who is signed in. */
export const session = signal<FleetSession | undefined>(undefined);
/** The organisations of the person. */
export const organisations = computed((): readonly Organisation[] => session.value?.organisations ?? []);
/** All homes that the filter finds, by state. */
export const summary = signal<Summary | undefined>(undefined);
/** Why the home that is looked at does not say what it does now; "" = it does, or none is. */
export const lookProblem = signal("");

let watched: Watch = { homes: [], commands: "", look: "", filter: NO_FILTER };
let timer = 0;
const listeners = new Set<(changes: FleetChanges) => void>();

export const STREAM: Stream = {
  path: "/api/fleet/changes",
  session: "/api/fleet/session",
  isSignedIn: (answer) => {
    session.value = answer as FleetSession;
    return session.value.person !== null;
  },
  opened: () => {
    batch(() => {
      connection.value = "live";
      lostSince.value = 0;
    });
    send(watched);
  },
  take: (text) => take(parse<FleetChanges>(text)),
};

/** Ask for the changes of what is on the page now. */
export function watch(part: Partial<Watch>): void {
  const next = { ...watched, ...part };
  if (JSON.stringify(next) === JSON.stringify(watched)) return;
  if (next.look !== watched.look) lookProblem.value = "";
  watched = next;
  clearTimeout(timer);
  timer = window.setTimeout(() => send(watched), SEND_MS);
}

/** Register a listener for changes. Returns a function that removes it. */
export function onChanges(listener: (changes: FleetChanges) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function take(changes: FleetChanges): void {
  batch(() => {
    followClock(changes.at);
    if (changes.summary) summary.value = changes.summary;
    if (changes.look_problem !== undefined && (changes.look ?? watched.look) === watched.look)
      lookProblem.value = changes.look_problem;
    if (changes.live && changes.look === watched.look) receiveLive(changes.live as Live);
    for (const listener of listeners) listener(changes);
  });
}

let receiveLive: (live: Live) => void = receive;

/** How messages of the home that is looked at are taken. */
export function takeLive(taker: (live: Live) => void): void {
  receiveLive = taker;
}

const RANKS: readonly FleetRole[] = ["viewer", "operator", "owner"];

/** Whether the person may do in an organisation what needs this role; in any of theirs, if none is named. */
export function may(role: FleetRole, organisation: number | null = null): boolean {
  return organisations.value.some(
    (one) => (organisation === null || one.id === organisation) && RANKS.indexOf(one.role) >= RANKS.indexOf(role),
  );
}

export function organisationName(id: number | null): string {
  return organisations.value.find((one) => one.id === id)?.name ?? "";
}
