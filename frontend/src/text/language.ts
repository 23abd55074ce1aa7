/** The language of the page, and the locale of its numbers and dates: chosen by the person, or else by the browser. */
export const LANGUAGES = { en: "English", de: "Deutsch", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "unclouded.language"; // in localStorage
const DEFAULT_LOCALE = "en-GB"; // days before months, 24 hours, as the command line has them

/** The language and locale for a choice that was kept, and the languages of the browser, most wanted first. */
export function chosenLocale(kept: string | null, wanted: readonly string[]): { language: Language; locale: string } {
  const language = isLanguage(kept) ? kept : (wanted.map(languageOf).find(isLanguage) ?? "en");
  const locale = language === "en" ? DEFAULT_LOCALE : (wanted.find((one) => languageOf(one) === language) ?? language);
  return { language, locale: isLocale(locale) ? locale : language };
}

/** What the person has chosen; null: the language of the browser. */
export function keptLanguage(): Language | null {
  try {
    const kept = localStorage.getItem(KEPT);
    return isLanguage(kept) ? kept : null;
  } catch {
    return null; // the browser keeps nothing
  }
}

/** Keep a choice, null: none. Says whether the browser has kept it. */
export function keepLanguage(language: Language | null): boolean {
  try {
    if (language) localStorage.setItem(KEPT, language);
    else localStorage.removeItem(KEPT);
    return keptLanguage() === language;
  } catch {
    return false;
  }
}

export function isLanguage(text: string | null | undefined): text is Language {
  return typeof text === "string" && Object.hasOwn(LANGUAGES, text);
}

function languageOf(tag: string): string {
  return tag.toLowerCase().split("-")[0] ?? "";
}

function isLocale(tag: string): boolean {
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false; // not a well-formed tag
  }
}
