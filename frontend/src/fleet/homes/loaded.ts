/** The list of homes as it is loaded: the first page at once, others as they are needed. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { address, get, HubError } from "../../data/http";
import { connection, requestLogin } from "../../data/live";
import { onChanges, summary } from "../live";
import type { Filter, Homes } from "../shapes";
import { queryOf } from "./filters";
import { changed, withPage, type Rows } from "./rows";

const PAGE = 100; // rows of a request

export const loaded = signal<Rows | undefined>(undefined);
export const failure = signal("");
const busy = signal(false);
let asked = ""; // what the loaded rows are of
let turn = 0;

/** Load the list of a filter, again when the connection is back. Returns what loads the next page. */
export function useHomes(filter: Filter): () => void {
  const place = address("/api/fleet/homes", { ...queryOf(filter), limit: PAGE });
  const isLive = connection.value === "live";
  const wanted = useRef(place);
  wanted.current = place;
  useEffect(() => {
    if (!isLive) return;
    void load(place, asked === place ? (loaded.peek()?.rows.length ?? 0) : 0);
  }, [place, isLive]);
  useEffect(
    () =>
      onChanges((changes) => {
        const before = loaded.peek();
        if (before) loaded.value = changed(before, changes);
      }),
    [],
  );
  return () => void more(wanted.current);
}

export function again(): void {
  if (asked) void load(asked, 0);
}

/** The first page. `kept`: rows that are there already, which are loaded again. */
async function load(place: string, kept: number): Promise<void> {
  const mine = ++turn;
  asked = place;
  busy.value = true;
  failure.value = "";
  try {
    let answer = await get<Homes>(place);
    let rows = withPage({ rows: [], next: null }, answer.homes, answer.next);
    const found = answer.summary;
    while (rows.next && rows.rows.length < Math.min(kept, 5 * PAGE) && mine === turn) {
      answer = await get<Homes>(`${place}&after=${encodeURIComponent(rows.next)}`);
      rows = withPage(rows, answer.homes, answer.next);
    }
    if (mine !== turn) return;
    loaded.value = rows;
    if (found) summary.value = found;
  } catch (error) {
    if (mine === turn) fail(error);
  } finally {
    if (mine === turn) busy.value = false;
  }
}

async function more(place: string): Promise<void> {
  const rows = loaded.peek();
  if (!rows?.next || busy.peek() || place !== asked) return;
  const mine = turn;
  busy.value = true;
  try {
    const answer = await get<Homes>(`${place}&after=${encodeURIComponent(rows.next)}`);
    if (mine === turn) loaded.value = withPage(loaded.peek() ?? rows, answer.homes, answer.next);
  } catch (error) {
    if (mine === turn) fail(error);
  } finally {
    if (mine === turn) busy.value = false;
  }
}

function fail(error: unknown): void {
  if (error instanceof HubError && error.status === 401) requestLogin();
  failure.value = error instanceof HubError ? error.message : String(error);
}
