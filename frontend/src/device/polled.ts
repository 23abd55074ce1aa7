/** An answer of the hub that is asked for again and again while the page is looked at. */
import { useCallback, useEffect, useState } from "preact/hooks";

import { address, get, HubError, type Query } from "../http";
import { connection, requestLogin } from "../live";

const AFTER_FAILURE = 10_000; // ms

export type Polled<T> = {
  /** The last answer; stays while a newer one is awaited or fails. */
  value: T | undefined;
  /** Why the last try failed; "" where it did not. */
  error: string;
  /** Whether an answer is awaited. */
  busy: boolean;
  again: () => void;
};

/** `silent`: the hub did not answer at all. */
type Held<T> = { of: string; value: T | undefined; error: string; silent: boolean; busy: boolean };

/** GET `path`, each `every` ms (0: once); anew when the connection is back. `undefined`: not at all. */
export function usePolled<T>(path: string | undefined, every = 0, query: Query = {}): Polled<T> {
  const place = path === undefined ? "" : address(path, query);
  const [held, hold] = useState<Held<T>>({ of: "", value: undefined, error: "", silent: false, busy: false });
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  const live = connection.value === "live";
  useEffect(() => {
    if (!place) return;
    return poll<T>(place, every, (change) => hold((last) => ({ ...fitting(last, place), ...change })));
  }, [place, every, turn, live]);
  const mine = fitting(held, place);
  const said = mine.silent && !live; // the head of the page says it already, once
  return { value: mine.value, error: said ? "" : mine.error, busy: mine.busy, again };
}

/** What is held of this place; of another one, nothing. */
function fitting<T>(held: Held<T>, place: string): Held<T> {
  return held.of === place ? held : { of: place, value: undefined, error: "", silent: false, busy: place !== "" };
}

function poll<T>(place: string, every: number, tell: (change: Partial<Held<T>>) => void): () => void {
  const ended = new AbortController();
  let timer = 0;
  let waits = false; // for the page to be looked at
  const later = (wait: number) => {
    if (every && !ended.signal.aborted) timer = window.setTimeout(turn, wait);
  };
  const turn = () => {
    waits = document.hidden;
    if (!waits) void ask();
  };
  const ask = async () => {
    tell({ busy: true });
    const change = await answer<T>(place, ended.signal);
    if (ended.signal.aborted) return;
    tell({ ...change, busy: false });
    later(change.error ? Math.max(every, AFTER_FAILURE) : every);
  };
  const looked = () => {
    if (waits && !document.hidden) turn();
  };
  document.addEventListener("visibilitychange", looked);
  turn();
  return () => {
    ended.abort();
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", looked);
  };
}

async function answer<T>(place: string, signal: AbortSignal): Promise<{ value?: T; error: string; silent: boolean }> {
  try {
    return { value: await get<T>(place, {}, signal), error: "", silent: false };
  } catch (error) {
    if (error instanceof HubError && error.status === 401) requestLogin();
    return { error: error instanceof HubError ? error.message : String(error), silent: error instanceof HubError && error.status === 0 };
  }
}
