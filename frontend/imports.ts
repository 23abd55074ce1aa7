/** What the modules of the page import: what is loaded at once, and which parts are loaded later. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"(\.[^"]+)"/gm;
const LATER = /\blater(?:Part)?(?:<[^\n]*>)?\(\s*"([\w/-]+)",\s*\(\) =>\s*import\("(\.[^"]+)"\)/g;
const DYNAMIC = /\bimport\("(\.[^"]+)"\)/g;
const ENDINGS = ["", ".ts", ".tsx", "/index.ts"];

/** The folder of the sources. */
export const SOURCES = fileURLToPath(new URL("src/", import.meta.url));
/** The first module of the page of a hub, and of that of a fleet. */
export const ENTRIES = { hub: join(SOURCES, "main.tsx"), fleet: join(SOURCES, "fleet/main.tsx") };

/**
 * The files that `entry` imports, itself too, and what they import in turn, with their sources; those of packages are
 * not among them. `dynamic`: also by `import()`, except for the parts that `later` and `laterPart` load.
 */
export function importedBy(entry: string, dynamic = false): Map<string, string> {
  const found = new Map<string, string>();
  const look = (file: string) => {
    if (found.has(file)) return;
    const code = readFileSync(file, "utf-8");
    found.set(file, code);
    if (!/\.tsx?$/.test(file)) return;
    const places = Array.from(code.matchAll(IMPORT), ([, place = ""]) => place);
    if (dynamic) places.push(...Array.from(code.replaceAll(LATER, "").matchAll(DYNAMIC), ([, place = ""]) => place));
    for (const place of places) {
      const next = fileOf(file, place);
      if (next) look(next);
    }
  };
  look(entry);
  return found;
}

/** Each part that is loaded later, by the name that it is loaded by; its module must have that place in src. */
export function partsFrom(entry: string): Map<string, string> {
  const parts = new Map<string, string>();
  const look = (from: string) => {
    for (const [file, code] of importedBy(from, true))
      for (const [, name = "", place = ""] of code.matchAll(LATER)) {
        const module = fileOf(file, place) ?? "";
        const its = relative(SOURCES, module)
          .replaceAll("\\", "/")
          .replace(/\.tsx?$/, "");
        if (its !== name) throw new Error(`${file} loads "${name}" from ${place}: its name is "${its}".`);
        if (parts.has(name)) continue;
        parts.set(name, module);
        look(module);
      }
  };
  look(entry);
  return parts;
}

/** The file that an import means. */
function fileOf(importer: string, place: string): string | undefined {
  const named = ENDINGS.map((ending) => join(dirname(importer), place + ending));
  return named.find((one) => existsSync(one) && /\.\w+$/.test(one));
}
