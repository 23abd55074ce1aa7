/** The texts of the page, from the table that the API uses too: id -> text with {placeholders}. */
import table from "../../../src/unclouded/web/words/en.json";

export type Id = keyof typeof table;
export type Parts = Readonly<Record<string, string | number>>;

/** The text with that id. */
export function say(id: Id, parts: Parts = {}): string {
  return table[id].replace(/\{(\w+)\}/g, (whole, name: string) => String(parts[name] ?? whole));
}

/** The text with an id composed at run time (a state, a kind of event); `otherwise` if there is none. */
export function sayIfKnown(id: string, otherwise: string, parts: Parts = {}): string {
  return Object.hasOwn(table, id) ? say(id as Id, parts) : otherwise;
}
