/**
 * The house as the hub tells it, kept in signals: one for each reading, so that a new value redraws one place.
 *
 *     WS /api/live ── snapshot, then changes ──► devices, reading(device, point), notices, connection
 *
 * The connection mends itself: after a break it is tried again (0.5 s … 10 s), at once when the computer is back
 * on the network or the page is looked at again; the first message is a snapshot, which replaces everything.
 */
import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";

import type { Change, Changes, Device, HubEvent, Live, Reading, Role, Snapshot } from "./shapes";

export type Connection = "connecting" | "live" | "lost" | "login";

export const TIMEOUT_MS = 15_000; // ms without a message = the connection is dead; the hub says something each 5 s
const RETRY_MS = [500, 1_000, 2_000, 5_000, 10_000]; // ms until the next try
const NOTICES = 50;

export const connection = signal<Connection>("connecting");
/** Since when (ms) the house is not live; 0 while it is. */
export const lostSince = signal(0);
export const devices = signal<readonly Device[]>([]);
export const notices = signal<readonly HubEvent[]>([]);
export const timezone = signal("UTC");
export const version = signal("");
export const role = signal<Role>("control");
/** Seconds that the hub's clock is clockOffset of this one's: ages are counted with it. */
export const clockOffset = signal(0);
/** This moment, Unix seconds by the hub's clock; moves each second while the page is looked at. */
export const now = signal(Date.now() / 1000);

const readings = new Map<string, Signal<Reading | undefined>>();
/** Counts the batches that came: for what must be worked out anew after each (flows, charts). */
export const revision = signal(0);

const listeners = new Set<(changes: readonly Change[]) => void>();

/** The newest reading of a point, as a signal that is there before the first value. */
export function reading(device: string, point: string): ReadonlySignal<Reading | undefined> {
  return slot(device, point);
}

/** The device of that id. */
export function deviceOf(id: string): Device | undefined {
  return byId.value.get(id);
}

export const byId = computed(() => new Map(devices.value.map((one) => [one.id, one])));

/** Hear every batch of new readings (charts append them). Returns how to stop. */
export function onReadings(listener: (changes: readonly Change[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Take in one message of the hub. */
export function take(message: Live): void {
  batch(() => {
    if (message.snapshot) begin(message.snapshot);
    if (message.changes) change(message.changes);
    revision.value += 1;
  });
  const came = message.snapshot?.readings ?? message.changes?.readings;
  if (came?.length) for (const listener of listeners) listener(came);
}

let socket: WebSocket | undefined;
let tries = 0;
let timer = 0;
let watchdog = 0;

/** Connect, and stay connected. */
export function connect(): void {
  clearTimeout(timer);
  socket?.close();
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const fresh = (socket = new WebSocket(`${scheme}//${location.host}/api/live`));
  fresh.onmessage = (event: MessageEvent<string>) => {
    if (fresh !== socket) return;
    tries = 0;
    guard();
    take(JSON.parse(event.data) as Live);
    batch(() => {
      connection.value = "live";
      lostSince.value = 0;
    });
  };
  fresh.onclose = () => {
    if (fresh === socket) lose();
  };
  guard();
}

/** Where nobody is logged in the page asks for a password; the connection waits for it. */
export async function isLoginValid(): Promise<boolean> {
  try {
    const answer = await fetch("/api/session");
    const session = (await answer.json()) as { role: Role | null };
    return !answer.ok || session.role !== null;
  } catch {
    return true; // the hub is away, which is another matter
  }
}

/** Begin: connect or ask for a password, keep the clock going, mend the connection when that makes sense. */
export async function start(): Promise<void> {
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

function lose(): void {
  clearTimeout(watchdog);
  batch(() => {
    if (!lostSince.value) lostSince.value = Date.now();
    connection.value = "lost";
  });
  timer = window.setTimeout(() => void again(), RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
}

async function again(): Promise<void> {
  if (await isLoginValid()) connect();
  else requestLogin();
}

function retryNow(): void {
  tickNow();
  if (connection.value !== "lost") return;
  tries = 0;
  connect();
}

function guard(): void {
  clearTimeout(watchdog);
  watchdog = window.setTimeout(() => {
    const dead = socket;
    socket = undefined;
    dead?.close();
    lose();
  }, TIMEOUT_MS);
}

function tickNow(): void {
  if (!document.hidden) now.value = Date.now() / 1000 + clockOffset.value;
}

function begin(snapshot: Snapshot): void {
  clockOffset.value = snapshot.at - Date.now() / 1000;
  now.value = snapshot.at;
  timezone.value = snapshot.timezone;
  version.value = snapshot.version;
  role.value = snapshot.role;
  devices.value = snapshot.devices;
  const told = new Set(snapshot.readings.map(([device, point]) => key(device, point)));
  for (const [place, signal] of readings) if (!told.has(place)) signal.value = undefined;
  snapshot.readings.forEach(put);
}

function change(changes: Changes): void {
  const came = changes.devices ?? [];
  const statuses = new Map((changes.statuses ?? []).map((one) => [one.device, one]));
  const gone = new Set(changes.gone ?? []);
  if (came.length || statuses.size || gone.size) {
    const fresh = new Map(came.map((one) => [one.id, one]));
    const known = devices.value.map((one) => fresh.get(one.id) ?? one);
    const more = came.filter((one) => !byId.value.has(one.id));
    devices.value = [...known, ...more]
      .filter((one) => !gone.has(one.id))
      .map((one) => {
        const status = statuses.get(one.id);
        return status ? { ...one, state: status.state, since: status.since, reason: status.reason } : one;
      });
  }
  changes.readings?.forEach(put);
  if (changes.notices?.length) notices.value = [...changes.notices].reverse().concat(notices.value).slice(0, NOTICES);
}

function put([device, point, value, at, quality, flags]: Change): void {
  slot(device, point).value = { value, at, quality, flags };
}

function slot(device: string, point: string): Signal<Reading | undefined> {
  const place = key(device, point);
  let found = readings.get(place);
  if (!found) readings.set(place, (found = signal<Reading | undefined>(undefined)));
  return found;
}

function key(device: string, point: string): string {
  return `${device}\n${point}`;
}
