/**
 * The texts of the page, from the tables that the API uses too: id -> text with {placeholders}. Those of one language
 * are loaded.
 */
import type english from "../../../src/unclouded/web/words/en.json";
import type { Language } from "./language";

export type Id = keyof typeof english;
export type Parts = Readonly<Record<string, string | number>>;

export type Load = () => Promise<{ default: object }>;

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
let others: readonly Load[] = [];
let rest: Promise<void> | undefined;

/**
 * Load the texts of a language that the first paint needs. Its dates are written as in `its`, its numbers too unless
 * others are chosen. `own`: the texts of another page, which come first there. Rejects if the hub does not send them.
 */
export async function loadFirstWords(
  chosen: Language,
  its: string,
  chosenNumbers: string | null = null,
  own?: Load,
): Promise<void> {
  const { first, rest: more } = TABLES[chosen];
  table = (await (own ?? first)()).default as Record<string, string>;
  others = own ? [first, more] : [more];
  language = chosen;
  locale = its;
  numbers = chosenNumbers ?? its;
  rest = undefined;
}

/** Load the texts of the other pages too, once. Rejects if the hub does not send them; then it can be tried again. */
export function loadOtherWords(): Promise<void> {
  const chosen = language;
  rest ??= Promise.all(others.map((load) => load())).then(
    (found) => {
      if (language === chosen)
        table = Object.assign({}, ...found.map((one) => one.default), table) as Record<string, string>;
    },
    (error: unknown) => {
      rest = undefined;
      throw error;
    },
  );
  return rest;
}

/** Load all texts of a language. */
export async function loadWords(
  chosen: Language,
  its: string,
  chosenNumbers: string | null = null,
  own?: Load,
): Promise<void> {
  await loadFirstWords(chosen, its, chosenNumbers, own);
  await loadOtherWords();
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
