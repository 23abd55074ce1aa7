/** The texts of the page, from the tables that the API uses too: id -> text with {placeholders}. One table is loaded. */
import type english from "../../../src/unclouded/web/words/en.json";
import type { Language } from "./language";

export type Id = keyof typeof english;
export type Parts = Readonly<Record<string, string | number>>;

const TABLES: Readonly<Record<Language, () => Promise<{ default: object }>>> = {
  en: () => import("../../../src/unclouded/web/words/en.json"),
  de: () => import("../../../src/unclouded/web/words/de.json"),
  es: () => import("../../../src/unclouded/web/words/es.json"),
};

let table: Readonly<Record<string, string>> = {};
let language: Language = "en";
let locale = "en-GB";
let numbers = "en-GB";

/**
 * Load the texts of a language. Its dates are written as in `its`, its numbers too unless others are chosen. Rejects if the
 * hub does not send them.
 */
export async function loadWords(chosen: Language, its: string, chosenNumbers: string | null = null): Promise<void> {
  table = (await TABLES[chosen]()).default as Record<string, string>;
  language = chosen;
  locale = its;
  numbers = chosenNumbers ?? its;
}

/** The language of the texts. */
export function currentLanguage(): Language {
  return language;
}

/** The locale of dates and lists, as a BCP 47 tag. */
export function currentLocale(): string {
  return locale;
}

/** The locale of numbers. */
export function numberLocale(): string {
  return numbers;
}

/** The text with that id. */
export function say(id: Id, parts: Parts = {}): string {
  return (table[id] ?? id).replace(/\{(\w+)\}/g, (whole, name: string) => String(parts[name] ?? whole));
}

/** The text with an id composed at run time (a state, a kind of event); `otherwise` if there is none. */
export function sayIfKnown(id: string, otherwise: string, parts: Parts = {}): string {
  return Object.hasOwn(table, id) ? say(id as Id, parts) : otherwise;
}
