/** What a module imports, and what that imports in turn, without `import()`: what a page loads at once. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"(\.[^"]+)"/gm;
const ENDINGS = ["", ".ts", ".tsx", "/index.ts"];

/** The files, `entry` too, with their sources; those of packages are not among them. */
export function importedBy(entry: string): Map<string, string> {
  const found = new Map<string, string>();
  const look = (file: string) => {
    if (found.has(file)) return;
    const code = readFileSync(file, "utf-8");
    found.set(file, code);
    if (!/\.tsx?$/.test(file)) return;
    for (const [, place = ""] of code.matchAll(IMPORT)) {
      const next = ENDINGS.map((ending) => join(dirname(file), place + ending)).find(
        (one) => existsSync(one) && /\.\w+$/.test(one),
      );
      if (next) look(next);
    }
  };
  look(entry);
  return found;
}
