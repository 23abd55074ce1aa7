/**
 * The configuration of the devices as the hub's file has it, and changes to it. A change names the revision that the
 * page has seen; where another browser or a person changed the file meanwhile, nothing is overwritten.
 *
 *     change({ name }) ──► PATCH ──► saved, with a new revision
 *                            │
 *                            └─ 409, what is different ──► the same key: a conflict      ──► shown
 *                                                      └─► other keys only: once more, on top of them
 */
import { batch, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import type { components } from "../../api";
import { get, HubError, patch, remove } from "../../data/http";
import { connection, requestLogin, role } from "../../data/live";
import type { Device, Problem } from "../../data/shapes";

type Schemas = components["schemas"];
export type Keys = Readonly<Record<string, unknown>>;
export type Difference = Schemas["ConfigDifference"];
export type Configured = Omit<Schemas["ConfiguredDevice"], "keys"> & { keys: Keys };
export type Configuration = Omit<Schemas["ConfigurationView"], "devices"> & { devices: readonly Configured[] };
export type Change = Schemas["ReloadView"];

/** What became of a change. `differences`: what others changed meanwhile; [] where that is too long ago to be known. */
export type Outcome =
  | { state: "saved"; change: Change }
  | { state: "conflict"; differences: readonly Difference[] }
  | { state: "refused"; text: string };

const view = signal<Configuration | undefined>(undefined);
const failure = signal("");

/** The configuration as it was loaded last, and why it could not be loaded; for pages that show all of it. */
export const loaded = { view, failure } as const;

/** The configuration, and why it could not be loaded. It is loaded again when the device is described again. */
export function useConfiguration(device: Device): {
  configuration: Configuration | undefined;
  error: string;
  again: () => void;
} {
  const { id, name, room, parent, produces, critical, favourite, colour } = device;
  const live = connection.value === "live" && role.value === "control";
  const described = JSON.stringify([id, name, room, parent, produces, critical, favourite, colour]);
  useEffect(() => {
    if (live) void load();
  }, [described, live]);
  return { configuration: view.value, error: failure.value, again: () => void load() };
}

/** The table of a device; undefined if it has none, as sub-devices of gateways. */
export function tableOf(configuration: Configuration | undefined, device: string): Configured | undefined {
  return configuration?.devices.find((one) => one.id === device);
}

/** The keys of a device as far as they are described to everybody: for a login that may only look. */
export function describedKeys({ name, room, parent, produces, critical, favourite, colour }: Device): Keys {
  return { name, room, parent, produces, critical, favourite, colour };
}

/** Load it; a failure is kept as a sentence. */
export async function load(): Promise<void> {
  try {
    const fresh = await get<Configuration>("/api/configuration");
    batch(() => {
      view.value = fresh;
      failure.value = "";
    });
  } catch (error) {
    failure.value = sentence(error);
  }
}

let queue: Promise<unknown> = Promise.resolve(); // one change after another, each on top of the one before

/** Change keys of a device; null removes one. Never throws. */
export function change(device: string, keys: Keys): Promise<Outcome> {
  return apply(
    (one) => isSame(one, device, keys),
    (revision) => patch<Change>(addressOf(device), { revision, keys, origin: "web" }),
  );
}

/** Take a device out of the configuration. Never throws. */
export function removeDevice(device: string, history: "keep" | "delete"): Promise<Outcome> {
  return apply(
    (one) => isSame(one, device, {}),
    (revision) => remove<Change>(addressOf(device), { revision, history, origin: "web" }),
  );
}

/**
 * Send a change on top of the revision that the page has seen. `isMine`: whether a difference is what it is about.
 * Never throws.
 */
export function apply(
  isMine: (difference: Difference) => boolean,
  send: (revision: string) => Promise<Change>,
): Promise<Outcome> {
  const mine = queue.then(() => attempt(isMine, send));
  queue = mine;
  return mine;
}

async function attempt(
  isMine: (difference: Difference) => boolean,
  send: (revision: string) => Promise<Change>,
): Promise<Outcome> {
  if (!view.peek()) await load();
  for (let tries = 2; ; tries--) {
    try {
      const done = await send(view.peek()?.revision ?? "");
      await load();
      return { state: "saved", change: done };
    } catch (error) {
      const differences = conflictIn(error);
      if (!differences) return { state: "refused", text: sentence(error) };
      await load();
      if (tries === 1 || !differences.length || differences.some(isMine)) return { state: "conflict", differences };
    }
  }
}

/** Whether what others changed is what this change is about: one of its keys, or the device as a whole. */
export function isSame(difference: Difference, device: string, keys: Keys): boolean {
  const [name = ""] = difference.key.split(".");
  return difference.device === device && (name === "" || name === "id" || Object.hasOwn(keys, name));
}

/** What is different; undefined if the error is no conflict. */
function conflictIn(error: unknown): readonly Difference[] | undefined {
  if (!(error instanceof HubError) || error.status !== 409) return undefined;
  return (error.problem as (Problem & { changed?: Difference[] }) | null)?.changed ?? [];
}

function sentence(error: unknown): string {
  if (error instanceof HubError && error.status === 401) requestLogin();
  return error instanceof HubError ? error.message : String(error);
}

function addressOf(device: string): string {
  return `/api/configuration/devices/${encodeURIComponent(device)}`;
}
