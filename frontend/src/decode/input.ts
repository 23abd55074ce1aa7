/** What is decoded: text that was typed or pasted, or a file; and how it is to be read. */
import { signal } from "@preact/signals";

import type { Query } from "../data/http";
import { countText, decimalText } from "../text/format";
import { say } from "../text/words";

export const MOST_BYTES = 4 * 1024 * 1024;
const MOST_TYPED = 200_000; // characters in the text field: more would make it slow

/** A file, or a long text; `name`: as it is shown. */
export type Attached = { name: string; bytes: Blob };
export type Choice = { input: string; family: string; dialect: string; sender: string; profile: string };

export const FOUND: Choice = { input: "", family: "", dialect: "", sender: "", profile: "" };

export const text = signal("");
export const attached = signal<Attached | undefined>(undefined);
export const choice = signal<Choice>(FOUND);

/** The bytes to decode; undefined = there are none. */
export function bytesOf(typed: string, file: Attached | undefined): Blob | undefined {
  if (file) return file.bytes;
  return typed.trim() ? new Blob([typed]) : undefined;
}

/** Why an input of that size is not decoded here; "" = it is. */
export function tooLong(size: number): string {
  return size > MOST_BYTES ? say("decode.too_long", { size: sizeText(size), most: sizeText(MOST_BYTES) }) : "";
}

/** Whether a text is kept beside the text field, as a file is. */
export function isLong(pasted: string): boolean {
  return pasted.length > MOST_TYPED;
}

/** `812 B`, `3.4 kB`, `12 MB`: with at most one decimal. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1000, "kB"] : [bytes / 1_000_000, "MB"];
  return `${size < 10 ? countText(size) : decimalText(size, 0)} ${unit}`;
}

/** The choice as parameters of a request; what is to be found is left out. */
export function queryOf(chosen: Choice): Query {
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== ""));
}

/** Whether something is to be read in another way than it is found. */
export function isChosen(chosen: Choice): boolean {
  return Object.values(chosen).some((value) => value !== "");
}

/** With another choice: dialect, sender and profile are those of a family. */
export function chosenWith(before: Choice, part: Partial<Choice>): Choice {
  return "family" in part ? { ...before, dialect: "", profile: "", ...part } : { ...before, ...part };
}
