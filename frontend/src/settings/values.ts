/** Values of keys as texts of a form, and back. Pure. */
import { say } from "../text/words";
import type { Field } from "./tables";

export const HIDDEN = "…"; // what the hub shows in the place of a secret

/** A value as the form has it: "true", "a, b", "1.5"; "" = the file has none. */
export function draftOf(value: unknown): string {
  if (value === undefined || value === null || value === HIDDEN) return "";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The value of a text: null where it is empty, so that the key is removed. A number may have a decimal comma. */
export function parse(field: Field, text: string): unknown {
  const bare = text.trim();
  if (field.kind === "flag") return bare === "true";
  if (field.kind === "list") return listOf(text);
  if (!bare) return null;
  return field.kind === "number" ? numberOf(bare) : bare;
}

export function listOf(text: string): string[] {
  return text.split(",").flatMap((one) => one.trim() || []);
}

/** Why a text cannot be saved, as a sentence; "" = it can. The hub checks the rest. */
export function problemOf(field: Field, text: string): string {
  const bare = text.trim();
  if (!bare) return field.required ? say("settings.needed") : "";
  if (field.kind !== "number") return "";
  const value = numberOf(bare);
  if (!Number.isFinite(value) || (field.whole && !Number.isInteger(value))) return say("settings.no_number");
  if (field.minimum !== null && value < field.minimum) return say("settings.at_least", { least: field.minimum });
  return field.maximum !== null && value > field.maximum ? say("settings.at_most", { most: field.maximum }) : "";
}

/** What an item of a list is called in a row: its name, else the computer that its address names, else its number. */
export function titleOf(keys: Readonly<Record<string, unknown>>, item: string, kind: string): string {
  const { name, url } = keys;
  if (typeof name === "string" && name) return name;
  if (typeof url === "string" && url !== HIDDEN) {
    const host = /^\w+:\/\/(?:[^@/]*@)?([^/?#]+)/.exec(url)?.[1];
    if (host) return `${kind}: ${host}`;
  }
  return `${kind} ${item}`;
}

function numberOf(text: string): number {
  return Number(text.replace(",", "."));
}
