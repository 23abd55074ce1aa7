/** public/theme.js asks for the texts of the language that the page will choose. */
import { expect, test } from "vitest";

import { chosenLocale, LANGUAGES, type Language } from "./language";

const [script] = Object.values(
  import.meta.glob<string>("../../public/theme.js", { query: "?raw", import: "default", eager: true }),
);
const TEXTS = Object.fromEntries(Object.keys(LANGUAGES).map((one) => [one, `/assets/${one}.js`]));

/** Where the texts are that theme.js asks for; undefined: it asks for none. */
function askedFor(kept: string | null, languages: readonly string[], texts: string | undefined): string | undefined {
  const link = { href: "", getAttribute: () => link.href };
  const asked: (typeof link)[] = [];
  const page = {
    currentScript: { dataset: { texts } },
    documentElement: { dataset: {} },
    querySelectorAll: () => [],
    createElement: () => link,
    head: { append: (one: typeof link) => void asked.push(one) },
  };
  const storage = { getItem: (name: string) => (name === "unclouded.language" ? kept : null) };
  new Function("document", "localStorage", "navigator", script!)(page, storage, { languages });
  return asked[0]?.href;
}

test.each<[string | null, readonly string[], Language]>([
  [null, ["de-AT", "en"], "de"],
  [null, ["fr-FR", "ES"], "es"],
  [null, ["fr-FR"], "en"],
  [null, [], "en"],
  ["es", ["de"], "es"],
  ["toString", ["de"], "de"],
])("with %s kept and the languages %j they are those of %s", (kept, wanted, language) => {
  expect(chosenLocale(kept, wanted).language).toBe(language);
  expect(askedFor(kept, wanted, JSON.stringify(TEXTS))).toBe(TEXTS[language]);
});

test("it asks for none while the page is developed, where their place is not known", () => {
  expect(askedFor(null, ["de"], undefined)).toBeUndefined();
});
