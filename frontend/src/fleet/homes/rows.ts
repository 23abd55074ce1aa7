/**
 * The rows of the list: pages that are loaded one after the other, the worst first, and changes of those that are there. A row
 * keeps its place while its home changes, so that nothing moves under the finger. Pure.
 */
import type { FleetChanges, HomeRow } from "../shapes";

/** `next`: where the next page begins; null: there is none. */
export type Rows = Readonly<{ rows: readonly HomeRow[]; next: string | null }>;

/** The rows and those of a further page; a home that has moved into it meanwhile is not there twice. */
export function withPage({ rows }: Rows, page: readonly HomeRow[], next: string | null): Rows {
  const known = new Set(rows.map((one) => one.id));
  return { rows: [...rows, ...page.filter((one) => !known.has(one.id))], next };
}

/** The rows as they are after a change; the same ones where it is of none of them. */
export function changed(all: Rows, { homes = [], gone = [] }: Pick<FleetChanges, "homes" | "gone">): Rows {
  const fresh = new Map(homes.map((one) => [one.id, one]));
  const left = new Set(gone);
  if (!all.rows.some(({ id }) => fresh.has(id) || left.has(id))) return all;
  return { ...all, rows: all.rows.filter(({ id }) => !left.has(id)).map((one) => fresh.get(one.id) ?? one) };
}
