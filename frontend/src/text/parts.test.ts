/** Every part of the page has its texts. */
import { expect, it } from "vitest";

import english from "../../../src/unclouded/web/words/en.json";
import { ENTRIES, partsFrom } from "../../imports";
import { FLEET_TEXTS } from "../fleet/texts";
import type { Load } from "./words";

const SOURCES = import.meta.glob<string>(["../**/*.tsx", "!../routing/later.tsx"], {
  query: "?raw",
  import: "default",
  eager: true,
});
const LATER = /= later(?:Part)?\b[^"]*"([\w/-]+)"/g;
const hub: Load = () => import("virtual:texts/en/hub");

it("knows each part that a module loads later", () => {
  const named = Object.values(SOURCES).flatMap((source) => Array.from(source.matchAll(LATER), ([, name]) => name));
  const found = Object.values(ENTRIES).flatMap((entry) => [...partsFrom(entry).keys()]);
  expect(named.length).toBeGreaterThan(25);
  expect([...new Set(found)].sort()).toEqual(named.sort());
});

it("has every text in the first paint or in a part of a page", async () => {
  const ids = new Set<string>();
  for (const load of [hub, FLEET_TEXTS.en]) {
    const { default: first, parts } = await load();
    const others = await Promise.all(Object.values(parts).map((part) => part()));
    for (const table of [first, ...others.map((one) => one.default)]) for (const id of Object.keys(table)) ids.add(id);
  }
  expect(Object.keys(english).filter((id) => !id.startsWith("api.") && !ids.has(id))).toEqual([]);
});

it("does not load the texts of other pages for the first paint", async () => {
  const { default: first, parts } = await hub();
  expect(first["app.now"]).toBe("Now");
  for (const other of ["history.zoom_in", "fleet.homes", "settings.export"])
    expect(Object.keys(first)).not.toContain(other);
  const { default: history } = await parts["pages/history"]!();
  expect(history["history.zoom_in"]).toBe(english["history.zoom_in"]);
  expect(Object.keys(history)).not.toContain("app.now");
});
