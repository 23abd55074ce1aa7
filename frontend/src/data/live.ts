/**
 * Live state from the hub in signals: one for each reading, so that a new value updates one place only.
 *
 *     WS /api/live ── snapshot, then changes ──► devices, reading(device, point), alerts, notices, connection
 *
 * The page reconnects automatically: after 0.5 s … 10 s, or at once when the computer is back on the network or the
 * page becomes visible. The first message is a snapshot, which replaces everything.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import { cached } from "./cached";
import { parse } from "../text/printable";
import { currentLanguage } from "../text/words";
import type { Alert, Change, Changes, Device, HubEvent, Live, Reading, Role, Snapshot } from "./shapes";

export type Connection = "connecting" | "live" | "lost" | "login";

export const TIMEOUT_MS = 15_000; // without a message; the hub sends at least one every 5 s
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000]; // until the next attempt
const NOTICES = 50;
const CLOCK_STEP = 5; // s between the two clocks' difference before and now that mean that one of them was set

export const connection = signal<Connection>("connecting");
/** The time (ms) at which the connection was lost; 0 while it is live. */
export const lostSince = signal(0);
export const devices = signal<readonly Device[]>([]);
/** What needs attention now, the worst first. */
export const alerts = signal<readonly Alert[]>([]);
export const notices = signal<readonly HubEvent[]>([]);
export const timezone = signal("UTC");
/** The name of the home, "" = it has none. */
export const home = signal("");
export const version = signal("");
export const role = signal<Role>("control");
/** Seconds by which the hub's clock is ahead of this computer's; used for ages. */
export const clockOffset = signal(0);
/** How often one of the two clocks was set. */
export const clockSteps = signal(0);
/** The current time of the hub's clock, Unix seconds; updated every second while the page is visible. */
export const now = signal(Date.now() / 1000);

const readings = new Map<string, Signal<Reading | undefined>>();
/** Number of messages received: for values that are computed again after each (flows, charts). */
export const revision = signal(0);

/** What the page is connected to: a hub, or a fleet. `take`: one message as text. */
export type Stream = Readonly<{
  path: string;
  session: string;
  isSignedIn: (session: unknown) => boolean;
  opened: () => void;
  take: (text: string) => void;
}>;

const HUB: Stream = {
  path: "/api/live",
  session: "/api/session",
  isSignedIn: (session) => (session as { role: Role | null }).role !== null,
  opened: () => undefined,
  take: (text) => receive(parse<Live>(text)),
};
let stream = HUB;

const listeners = new Set<(changes: readonly Change[]) => void>();

/** The newest reading of a point, as a signal that exists before the first value. */
export function reading(device: string, point: string): ReadonlySignal<Reading | undefined> {
  return slot(device, point);
}

/** The device with that id. */
export function deviceOf(id: string): Device | undefined {
  return byId.value.get(id);
}

export const byId = computed(() => new Map(devices.value.map((one) => [one.id, one])));

/** Register a listener for new readings. Returns a function that removes it. */
export function onReadings(listener: (changes: readonly Change[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Process one message of the hub. */
export function receive(message: Live): void {
  batch(() => {
    if (message.snapshot) applySnapshot(message.snapshot);
    if (message.changes) applyChanges(message.changes);
    revision.value += 1;
  });
  const readings = message.snapshot?.readings ?? message.changes?.readings;
  if (readings?.length) for (const listener of listeners) listener(readings);
}

let socket: WebSocket | undefined;
let tries = 0;
let timer = 0;
let watchdog = 0;

/** Connect, and reconnect after interruptions. */
export function connect(): void {
  clearTimeout(timer);
  socket?.close();
  if (connection.peek() === "login") connection.value = "connecting";
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const fresh = new WebSocket(`${scheme}//${location.host}${stream.path}?language=${currentLanguage()}`);
  socket = fresh;
  fresh.onopen = () => fresh === socket && stream.opened();
  fresh.onmessage = (event: MessageEvent<string>) => {
    if (fresh !== socket) return;
    tries = 0;
    restartWatchdog();
    stream.take(event.data);
    batch(() => {
      connection.value = "live";
      lostSince.value = 0;
    });
  };
  fresh.onclose = () => {
    if (fresh === socket) handleLoss();
  };
  restartWatchdog();
}

/** Send a message to what the page is connected to; without a connection it is not sent. */
export function send(message: unknown): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Whether the session is valid; if not, the page asks for a password before connecting. */
export async function isLoginValid(): Promise<boolean> {
  return (await isSignedIn()) ?? true; // the hub is not reachable; the connection reports that
}

/** Undefined: there is no answer. */
async function isSignedIn(): Promise<boolean | undefined> {
  try {
    const answer = await fetch(stream.session, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const session: unknown = await answer.json();
    return answer.ok ? stream.isSignedIn(session) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Connect or ask for a password, start the clock, and reconnect at the right moments. `own`: what to connect to, if not
 * to a hub.
 */
export async function start(own: Stream = HUB): Promise<void> {
  stream = own;
  setInterval(tickNow, 1000);
  addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) retryNow();
  });
  connect();
  if (!(await isLoginValid())) requestLogin();
}

export function requestLogin(): void {
  connection.value = "login";
  clearTimeout(timer);
  clearTimeout(watchdog);
  const old = socket;
  socket = undefined;
  old?.close();
}

function handleLoss(): void {
  clearTimeout(watchdog);
  batch(() => {
    if (!lostSince.value) lostSince.value = Date.now();
    connection.value = "lost";
  });
  timer = window.setTimeout(() => void reconnect(), RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
}

async function reconnect(): Promise<void> {
  if (await isLoginValid()) connect();
  else requestLogin();
}

function retryNow(): void {
  tickNow();
  if (connection.value === "login") void leaveLogin();
  if (connection.value !== "lost") return;
  tries = 0;
  connect();
}

/** Where the person has logged in on another page of this browser meanwhile. */
async function leaveLogin(): Promise<void> {
  if ((await isSignedIn()) && connection.peek() === "login") connect();
}

function restartWatchdog(): void {
  clearTimeout(watchdog);
  watchdog = window.setTimeout(() => {
    const dead = socket;
    socket = undefined;
    dead?.close();
    handleLoss();
  }, TIMEOUT_MS);
}

function tickNow(): void {
  if (!document.hidden) now.value = Date.now() / 1000 + clockOffset.value;
}

function applySnapshot(snapshot: Snapshot): void {
  clockOffset.value = snapshot.at - Date.now() / 1000;
  now.value = snapshot.at;
  timezone.value = snapshot.timezone;
  home.value = snapshot.name;
  version.value = snapshot.version;
  role.value = snapshot.role;
  devices.value = snapshot.devices;
  alerts.value = snapshot.alerts;
  const present = new Set(snapshot.readings.map(([device, point]) => key(device, point)));
  for (const [place, signal] of readings) if (!present.has(place)) signal.value = undefined;
  snapshot.readings.forEach(put);
}

/** The hub's clock was set: times from before belong to another clock. */
export function followClock(at: number): void {
  const offset = at - Date.now() / 1000;
  if (Math.abs(offset - clockOffset.peek()) < CLOCK_STEP) return;
  clockOffset.value = offset;
  now.value = at;
  clockSteps.value = clockSteps.peek() + 1;
}

function applyChanges(changes: Changes): void {
  followClock(changes.at);
  home.value = changes.name ?? home.value;
  timezone.value = changes.timezone ?? timezone.value;
  const updated = changes.devices ?? [];
  const statuses = new Map((changes.statuses ?? []).map((one) => [one.device, one]));
  const gone = new Set(changes.gone ?? []);
  if (updated.length || statuses.size || gone.size) {
    const fresh = new Map(updated.map((one) => [one.id, one]));
    const known = devices.value.map((one) => fresh.get(one.id) ?? one);
    const added = updated.filter((one) => !byId.value.has(one.id));
    devices.value = [...known, ...added]
      .filter((one) => !gone.has(one.id))
      .map((one) => {
        const status = statuses.get(one.id);
        return status ? { ...one, state: status.state, since: status.since, reason: status.reason } : one;
      });
  }
  alerts.value = changes.alerts ?? alerts.value;
  changes.readings?.forEach(put);
  if (changes.notices?.length) notices.value = [...changes.notices].reverse().concat(notices.value).slice(0, NOTICES);
}

function put([device, point, value, at, quality, flags]: Change): void {
  slot(device, point).value = { value, at, quality, flags };
}

function slot(device: string, point: string): Signal<Reading | undefined> {
  return cached(readings, key(device, point), () => signal<Reading | undefined>(undefined));
}

function key(device: string, point: string): string {
  return `${device}\n${point}`;
}
