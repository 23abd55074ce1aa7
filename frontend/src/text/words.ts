/**
 * The texts of the page, from the tables that the API uses too: id -> text with {placeholders}. Those of one language
 * are loaded: what the first paint needs, then what each part needs that is shown.
 */
import type english from "../../../src/unclouded/web/words/en.json";
import type { Language } from "./language";

export type Id = keyof typeof english;
export type Parts = Readonly<Record<string, string | number>>;

type Table = Readonly<Record<string, string>>;
type Loaders = Readonly<Record<string, () => Promise<{ default: Table }>>>;

/** Loads the texts that a first paint needs, and how those of each part are loaded. */
export type Load = () => Promise<{ default: Table; parts: Loaders }>;

const OF_HUB: Readonly<Record<Language, Load>> = {
  en: () => import("virtual:texts/en/hub"),
  de: () => import("virtual:texts/de/hub"),
  es: () => import("virtual:texts/es/hub"),
};

let table: Table = {};
let language: Language = "en";
let locale = "en-GB";
let numbers = "en-GB";
let loaders: Loaders = {};
let loaded = new Map<string, Promise<void>>();

/** What is asked before the texts have come is answered in the language that they will have. */
export function chooseLanguage(chosen: Language): void {
  language = chosen;
}

/**
 * Load the texts of a language that the first paint needs. Its dates are written as in `its`, its numbers too unless
 * others are chosen. `load`: those of a page that is not of a hub. Rejects if they are not sent.
 */
export async function loadFirstWords(
  chosen: Language,
  its: string,
  chosenNumbers: string | null = null,
  load: Load = OF_HUB[chosen],
): Promise<void> {
  const found = await load();
  table = found.default;
  loaders = found.parts;
  loaded = new Map();
  language = chosen;
  locale = its;
  numbers = chosenNumbers ?? its;
}

/** Load the texts of a part of the page too, once. Rejects if they are not sent; then it can be tried again. */
export function loadWordsOf(part: string): Promise<void> {
  const known = loaded.get(part);
  if (known) return known;
  const its = loaded;
  const loading = (loaders[part]?.() ?? Promise.reject(new Error(part))).then(
    (found) => {
      if (loaded === its) table = { ...found.default, ...table }; // the language is still the same
    },
    (error: unknown) => {
      its.delete(part);
      throw error;
    },
  );
  its.set(part, loading);
  return loading;
}

/** Load all texts of a language. */
export async function loadWords(
  chosen: Language,
  its: string,
  chosenNumbers: string | null = null,
  load?: Load,
): Promise<void> {
  await loadFirstWords(chosen, its, chosenNumbers, load);
  await Promise.all(Object.keys(loaders).map(loadWordsOf));
}

/** Say other texts in place of some, as a page needs them that is not of a hub. */
export function replaceWords(others: Partial<Record<Id, string>>): void {
  table = { ...table, ...others };
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
