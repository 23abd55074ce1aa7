/** Which folder of the sources may import which. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const BASIS = ["text", "look", "time", "data", "devices", "energy"];
const SHARED = ["bytes", "charts", "parts", "routing"];
const SUBJECTS = "add costs decode device history now products rooms rules settings setup".split(" ");

/** What a folder may import, beside itself; `pages`, `fleet` and the modules in `src` itself may import all. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(BASIS.map((folder) => [folder, BASIS])),
  ...Object.fromEntries(SHARED.map((folder) => [folder, [...BASIS, ...SHARED]])),
  ...Object.fromEntries(SUBJECTS.map((folder) => [folder, [...BASIS, ...SHARED, ...SUBJECTS]])),
  worker: [],
  pages: [...BASIS, ...SHARED, ...SUBJECTS],
  fleet: [...BASIS, ...SHARED, ...SUBJECTS, "pages"],
};
const HERE = dirname(fileURLToPath(new URL(import.meta.url)));
const IMPORT = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)"/g;

const folderOf = (file: string) => (/^[^.].*\//.test(file) ? file.split("/")[0] : undefined);

/** `parts/frame.tsx imports history/view` of each import from a folder that the file's own folder may not import. */
function wrongImports(file: string, source: string): string[] {
  const folder = folderOf(file);
  const allowed = folder && LAYERS[folder];
  if (!allowed) return folder ? [`${file} is in a folder without a layer`] : [];
  return Array.from(source.matchAll(IMPORT), ([, place = ""]) => join(dirname(file), place))
    .filter((to) => {
      const other = folderOf(to);
      return other && other !== folder && !allowed.includes(other);
    })
    .map((to) => `${file} imports ${to}`);
}

describe("the folders of the sources", () => {
  it("import what their layer may", () => {
    const files = readdirSync(HERE, { recursive: true, encoding: "utf-8" })
      .map((file) => file.replaceAll("\\", "/"))
      .filter((file) => /\.tsx?$/.test(file) && !/\.test\.ts$|\btesting\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(300);
    expect(files.flatMap((file) => wrongImports(file, readFileSync(join(HERE, file), "utf-8")))).toEqual([]);
  });

  it("are refused where they import from above, or have no layer", () => {
    expect(wrongImports("parts/a.tsx", 'import { b } from "../history/b";\nimport { c } from "../text/c";')).toEqual([
      "parts/a.tsx imports history/b",
    ]);
    expect(wrongImports("now/a.tsx", 'const b = import("../pages/b");')).toEqual(["now/a.tsx imports pages/b"]);
    expect(wrongImports("worker/a.ts", 'import type { b } from "./b";\nimport "../../imports";')).toEqual([]);
    expect(wrongImports("other/a.ts", "")).toEqual(["other/a.ts is in a folder without a layer"]);
  });
});
