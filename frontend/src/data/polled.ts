/** Polls an address of the hub while the page is visible. */
import { useCallback, useEffect, useState } from "preact/hooks";

import { address, get, HubError, type Query } from "./http";
import { connection, requestLogin } from "./live";

const RETRY_MS = 10_000;

export type Polled<T> = {
  /** The last answer; it is kept while the next one is pending or fails. */
  value: T | undefined;
  /** Why the last request failed; "" if it did not. */
  error: string;
  /** Whether a request is pending. */
  busy: boolean;
  again: () => void;
};

/** `silent`: there was no answer from the hub. */
type Held<T> = { of: string; value: T | undefined; error: string; silent: boolean; busy: boolean };

/** GET `path` every `every` ms (0: once), and again after a reconnect. `undefined`: no request. */
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
  const isShown = mine.silent && !live; // the header of the page shows it already
  return { value: mine.value, error: isShown ? "" : mine.error, busy: mine.busy, again };
}

/** The state for this address; empty if it belongs to another one. */
function fitting<T>(held: Held<T>, place: string): Held<T> {
  return held.of === place ? held : { of: place, value: undefined, error: "", silent: false, busy: place !== "" };
}

function poll<T>(place: string, every: number, update: (change: Partial<Held<T>>) => void): () => void {
  const ended = new AbortController();
  let timer = 0;
  let waits = false; // for the page to become visible
  const later = (wait: number) => {
    if (every && !ended.signal.aborted) timer = window.setTimeout(turn, wait);
  };
  const turn = () => {
    waits = document.hidden;
    if (!waits) void ask();
  };
  const ask = async () => {
    update({ busy: true });
    const change = await answer<T>(place, ended.signal);
    if (ended.signal.aborted) return;
    update({ ...change, busy: false });
    later(change.error ? Math.max(every, RETRY_MS) : every);
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
    return {
      error: error instanceof HubError ? error.message : String(error),
      silent: error instanceof HubError && error.status === 0,
    };
  }
}
