/** Divides the texts of the page: each part that is loaded later has its own, all found in the sources. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

import { ENTRIES, importedBy, partsFrom } from "./imports";

const ID = /"([a-z_]+(?:\.\w+)+)"/g;
const COMPOSED = /`([a-z_]+\.[\w.]*)\$\{/g; // an id composed at run time: all that begin so
const TEXTS = /^virtual:texts\/\w+\/(?:hub|fleet)(?:\/[\w/-]+)?$/;
/** The id of loaded texts: their language, their page, and the part of it; no part: what its first paint needs. */
export const LOADED_TEXTS = /^\0virtual:texts\/(\w+)\/(hub|fleet)(?:\/([\w/-]+))?$/;

type IsOf = (id: string) => boolean;

/**
 * Divides the texts of a language: virtual:texts/en/hub has what the first paint of a hub's page needs, and how the
 * texts of each of its parts are loaded; virtual:texts/en/hub/pages/history those of the history that the first paint
 * does not have. A text that two parts use is in both. The page needs no texts of the API: the hub sends those in the
 * language that the page asks for.
 */
export function texts(): Plugin {
  let known = new Map<string, unknown>();
  const once = <Value>(name: string, find: () => Value): Value => {
    if (!known.has(name)) known.set(name, find());
    return known.get(name) as Value;
  };
  const forget = () => {
    known = new Map();
  };
  return {
    name: "texts",
    buildStart: forget,
    watchChange: forget,
    resolveId: (id) => (TEXTS.test(id) ? `\0${id}` : null),
    load(id) {
      const [, language, page, part] = LOADED_TEXTS.exec(id) ?? [];
      if (!language) return null;
      const file = fileURLToPath(new URL(`../src/unclouded/web/words/${language}.json`, import.meta.url));
      this.addWatchFile(file);
      const all = JSON.parse(readFileSync(file, "utf-8")) as Record<string, string>;
      const entry = ENTRIES[page as keyof typeof ENTRIES];
      const isFirst = once(entry, () => usedBy(entry));
      const parts = once(`parts of ${entry}`, () => partsFrom(entry));
      if (!part) return `${chosen(all, isFirst)}\n${loaders(`virtual:texts/${language}/${page}`, parts.keys())}`;
      const module = parts.get(part);
      if (!module) throw new Error(`No module of the page loads "${part}".`);
      const isOfPart = once(module, () => usedBy(module));
      return `${chosen(all, (one) => isOfPart(one) && !isFirst(one))}\nexport const parts = {}`;
    },
  };
}

function chosen(all: Readonly<Record<string, string>>, isChosen: IsOf): string {
  const its = Object.entries(all).filter(([id]) => !id.startsWith("api.") && isChosen(id));
  return `export default ${JSON.stringify(Object.fromEntries(its))}`;
}

function loaders(beginning: string, parts: Iterable<string>): string {
  const lines = Array.from(parts, (one) => `${JSON.stringify(one)}: () => import("${beginning}/${one}")`);
  return `export const parts = {${lines.join(",\n")}}`;
}

/** Whether a text is used by a module, or by one that is loaded with it, by its id. */
function usedBy(module: string): IsOf {
  const ids = new Set<string>();
  const beginnings = new Set<string>();
  for (const [file, code] of importedBy(module, true)) {
    if (!/\.tsx?$/.test(file)) continue;
    for (const [, id = ""] of code.matchAll(ID)) ids.add(id);
    for (const [, beginning = ""] of code.matchAll(COMPOSED)) beginnings.add(beginning);
  }
  const begun = [...beginnings];
  const isUsed = (id: string) => ids.has(id) || begun.some((one) => id.startsWith(one));
  return (id) => isUsed(id) || (id.endsWith("s") && ids.has(id.slice(0, -1))); // "decode.byte": more are "decode.bytes"
}
