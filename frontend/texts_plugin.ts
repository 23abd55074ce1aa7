/** Divides the texts of the page: those that the first paint needs are found in the sources, all others are loaded later. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"(\.[^"]+)"/gm;
const ID = /"([a-z_]+\.\w+)"/g;
const COMPOSED = /`([a-z_]+\.\w*)\$\{/g; // an id composed at run time: all that begin so
const ENDINGS = ["", ".ts", ".tsx", "/index.ts"];
const TEXTS = /^virtual:texts\/(\w+)\/(first|rest)$/;
/** The id of a loaded part: its language, and which part it is. */
export const LOADED_TEXTS = /^\0virtual:texts\/(\w+)\/(first|rest)$/;

/**
 * Divides the texts of a language: virtual:texts/en/first has what the first paint needs, virtual:texts/en/rest what the other
 * pages need. The page needs no texts of the API: the hub sends those in the language that the page asks for.
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
      const isFirst = isOfFirstPaint(pathOf("src/main.tsx"));
      const all = Object.entries(JSON.parse(readFileSync(file, "utf-8")) as Record<string, string>);
      const chosen = all.filter(([key]) => !key.startsWith("api.") && isFirst(key) === (part === "first"));
      return `export default ${JSON.stringify(Object.fromEntries(chosen))}`;
    },
  };
}

/** Whether a text belongs to the first paint, by its id: all modules count that `entry`, main.tsx, imports without `import()`. */
function isOfFirstPaint(entry: string): (id: string) => boolean {
  const ids = new Set<string>();
  const beginnings = new Set<string>();
  const seen = new Set<string>();
  const look = (file: string) => {
    if (seen.has(file) || !/\.tsx?$/.test(file)) return;
    seen.add(file);
    const code = readFileSync(file, "utf-8");
    for (const [, id] of code.matchAll(ID)) ids.add(id!);
    for (const [, beginning] of code.matchAll(COMPOSED)) beginnings.add(beginning!);
    for (const [, place] of code.matchAll(IMPORT)) {
      const found = ENDINGS.map((ending) => join(dirname(file), place! + ending)).find((one) => existsSync(one) && /\.\w+$/.test(one));
      if (found) look(found);
    }
  };
  look(entry);
  const begun = [...beginnings];
  return (id) => ids.has(id) || begun.some((one) => id.startsWith(one));
}
