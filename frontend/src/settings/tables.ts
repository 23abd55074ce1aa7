/** The tables of the hub's configuration: what their keys hold, as the hub describes them, and changes to them. */
import type { components } from "../api";
import { patch, post, remove } from "../data/http";
import { apply, type Change, type Difference, type Keys, type Outcome } from "../device/settings/configuration";
import { parse } from "./values";

type Schemas = components["schemas"];
export type Field = Schemas["SettingField"];
export type Item = Omit<Schemas["ConfiguredItem"], "keys"> & { keys: Keys };
export type Table = Omit<Schemas["ConfiguredTable"], "keys" | "items" | "fields"> & {
  keys: Keys;
  items: readonly Item[];
  fields: readonly Field[];
};

/** Where a change goes: a table; one of its items; "" = a new item. */
export type Place = { table: string; item?: string | undefined };

/** Change keys; null removes one. Never throws. */
export function changeTable(place: Place, keys: Keys): Promise<Outcome> {
  const send = place.item === "" ? post<Change> : patch<Change>;
  return apply(
    (one) => isAbout(one, place, keys),
    (revision) => send(addressOf(place), { revision, keys, origin: "web" }),
  );
}

/** Take a table, or an item, out of the configuration. Never throws. */
export function removeTable(place: Place): Promise<Outcome> {
  return apply(
    (one) => isAbout(one, place, {}),
    (revision) => remove<Change>(addressOf(place), { revision, origin: "web" }),
  );
}

export function renameRoom(room: string, name: string): Promise<Outcome> {
  const isMine = ({ before, after }: Difference) => [before, after].includes(room);
  return apply(isMine, (revision) => post<Change>("/api/configuration/rooms", { revision, room, name, origin: "web" }));
}

/**
 * Whether what others changed is what this change is about; items of a list are named by their place, so any of them
 * is.
 */
export function isAbout({ device, key }: Difference, { table, item }: Place, keys: Keys): boolean {
  const [first, name = ""] = key.split(".");
  return !device && first === table && (item !== undefined || !name || Object.hasOwn(keys, name));
}

/** The keys of a form that are different from what the file has; a text that is empty again removes its key. */
export function changedKeys(fields: readonly Field[], drafts: Readonly<Record<string, string>>): Keys {
  return Object.fromEntries(
    fields.filter((one) => drafts[one.key] !== undefined).map((one) => [one.key, parse(one, drafts[one.key] ?? "")]),
  );
}

function addressOf({ table, item }: Place): string {
  return `/api/configuration/hub/${encodeURIComponent(table)}${item ? `/${encodeURIComponent(item)}` : ""}`;
}
