/**
 * Divides the texts of the page: those that the first paint needs are found in the sources, all others are loaded
 * later.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

import { importedBy } from "./imports";

const ID = /"([a-z_]+\.\w+)"/g;
const COMPOSED = /`([a-z_]+\.\w*)\$\{/g; // an id composed at run time: all that begin so
const TEXTS = /^virtual:texts\/(\w+)\/(first|rest|fleet)$/;
/** The id of a loaded part: its language, and which part it is. */
export const LOADED_TEXTS = /^\0virtual:texts\/(\w+)\/(first|rest|fleet)$/;

/**
 * Divides the texts of a language: virtual:texts/en/first has what the first paint needs, virtual:texts/en/rest what
 * the other pages need, virtual:texts/en/fleet what the page of a fleet needs beside them, and what its own first paint
 * needs. The page needs no texts of the API: the hub sends those in the language that the page asks for.
 */
export function texts(): Plugin {
  const pathOf = (place: string) => fileURLToPath(new URL(place, import.meta.url));
  return {
    name: "texts",
    resolveId: (id) => (TEXTS.test(id) ? `\0${id}` : null),
    load(id) {
      const [, language, part] = LOADED_TEXTS.exec(id) ?? [];
      if (!language) return null;
      const file = pathOf(`../src/unclouded/web/words/${language}.json`);
      this.addWatchFile(file);
      const all = Object.entries(JSON.parse(readFileSync(file, "utf-8")) as Record<string, string>);
      const isChosen = chooser(part as Part, pathOf);
      const chosen = all.filter(([key]) => !key.startsWith("api.") && isChosen(key));
      return `export default ${JSON.stringify(Object.fromEntries(chosen))}`;
    },
  };
}

type Part = "first" | "rest" | "fleet";

/** Whether a text belongs to a part, by its id. */
function chooser(part: Part, pathOf: (place: string) => string): (id: string) => boolean {
  const isOfFleet = (id: string) => id.startsWith("fleet.");
  const isFirst = isOfFirstPaint(pathOf(part === "fleet" ? "src/fleet/main.tsx" : "src/main.tsx"));
  if (part === "fleet") return (id) => isOfFleet(id) || isFirst(id);
  return (id) => !isOfFleet(id) && isFirst(id) === (part === "first");
}

/**
 * Whether a text belongs to the first paint, by its id: all modules count that `entry`, main.tsx, imports without
 * `import()`.
 */
function isOfFirstPaint(entry: string): (id: string) => boolean {
  const ids = new Set<string>();
  const beginnings = new Set<string>();
  for (const [file, code] of importedBy(entry)) {
    if (!/\.tsx?$/.test(file)) continue;
    for (const [, id = ""] of code.matchAll(ID)) ids.add(id);
    for (const [, beginning = ""] of code.matchAll(COMPOSED)) beginnings.add(beginning);
  }
  const begun = [...beginnings];
  return (id) => ids.has(id) || begun.some((one) => id.startsWith(one));
}
