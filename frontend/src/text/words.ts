/** The texts of the page, from the tables that the API uses too: id -> text with {placeholders}. Those of one language are loaded. */
import type english from "../../../src/unclouded/web/words/en.json";
import type { Language } from "./language";

export type Id = keyof typeof english;
export type Parts = Readonly<Record<string, string | number>>;

type Load = () => Promise<{ default: object }>;

// What the first paint needs, which the build finds in the sources, and what the other pages need
const TABLES: Readonly<Record<Language, { first: Load; rest: Load }>> = {
  en: { first: () => import("virtual:texts/en/first"), rest: () => import("virtual:texts/en/rest") },
  de: { first: () => import("virtual:texts/de/first"), rest: () => import("virtual:texts/de/rest") },
  es: { first: () => import("virtual:texts/es/first"), rest: () => import("virtual:texts/es/rest") },
};

let table: Readonly<Record<string, string>> = {};
let language: Language = "en";
let locale = "en-GB";
let numbers = "en-GB";
let rest: Promise<void> | undefined;

/**
 * Load the texts of a language that the first paint needs. Its dates are written as in `its`, its numbers too unless others are
 * chosen. Rejects if the hub does not send them.
 */
export async function loadFirstWords(chosen: Language, its: string, chosenNumbers: string | null = null): Promise<void> {
  table = (await TABLES[chosen].first()).default as Record<string, string>;
  language = chosen;
  locale = its;
  numbers = chosenNumbers ?? its;
  rest = undefined;
}

/** Load the texts of the other pages too, once. Rejects if the hub does not send them; then it can be tried again. */
export function loadOtherWords(): Promise<void> {
  const chosen = language;
  rest ??= TABLES[chosen].rest().then(
    ({ default: found }) => {
      if (language === chosen) table = { ...table, ...(found as Record<string, string>) };
    },
    (error: unknown) => {
      rest = undefined;
      throw error;
    },
  );
  return rest;
}

/** Load all texts of a language. */
export async function loadWords(chosen: Language, its: string, chosenNumbers: string | null = null): Promise<void> {
  await loadFirstWords(chosen, its, chosenNumbers);
  await loadOtherWords();
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
