/**
 * Answers of the hub for the current view: the last one is kept while the next is loading, obsolete requests are
 * aborted, and recent answers are cached.
 */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { get, HubError } from "../data/http";
import { connection } from "../data/live";

/** `answer`: the newest one, `of`: its address. `error`: why there is no newer one. */
export type Answered<T> = Readonly<{
  answer: T | undefined;
  of: string;
  isLoading: boolean;
  error: string;
  again: () => void;
}>;

/** A cache of answers by address; the oldest is dropped first. */
export class Cache<T> {
  private readonly kept = new Map<string, { answer: T; until: number }>();

  constructor(private readonly most: number) {}

  /** The answer for that address, if it has not expired. */
  find(address: string, now: number): T | undefined {
    const found = this.kept.get(address);
    return found && found.until > now ? found.answer : undefined;
  }

  clear(): void {
    this.kept.clear();
  }

  keep(address: string, answer: T, until: number): void {
    this.kept.delete(address);
    this.kept.set(address, { answer, until });
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= this.most) break;
      this.kept.delete(oldest);
    }
  }
}

export const CACHE_MS = 300_000; // for which past periods are cached: late readings may still be added
const cache = new Cache<unknown>(32);
const changes = signal(0); // of what is stored

/** What is stored has changed: every answer that is shown is asked for again. */
export function forgetAnswers(): void {
  cache.clear();
  changes.value += 1;
}

/**
 * The answer to GET `address`; "": no request. `every`: polling interval in ms while the page is visible; 0 = never,
 * for past periods.
 */
export function useAnswer<T>(address: string, every: number): Answered<T> {
  const [state, setState] = useState<{ answer: T | undefined; of: string; error: string }>({
    answer: undefined,
    of: "",
    error: "",
  });
  const [turn, setTurn] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const wanted = useRef(0);
  const isForced = useRef(false);
  const again = () => {
    isForced.current = true;
    setTurn((one) => one + 1);
  };
  const isLive = connection.value === "live";

  // biome-ignore lint/correctness/useExhaustiveDependencies: asks when the address changes, not when the interval does
  useEffect(() => {
    if (!address) return;
    const mine = ++wanted.current;
    const known = cache.find(address, performance.now()) as T | undefined; // entries are stored by address
    const mayReuse = !isForced.current;
    isForced.current = false;
    if (known !== undefined && mayReuse) {
      setBusy(false);
      return setState({ answer: known, of: address, error: "" });
    }
    const stop = new AbortController();
    setBusy(true);
    setState((old) => (old.error && old.of !== address ? { ...old, error: "" } : old));
    get<T>(address, {}, stop.signal)
      .then((answer) => {
        cache.keep(address, answer, performance.now() + (every || CACHE_MS));
        if (mine === wanted.current) setState({ answer, of: address, error: "" });
      })
      .catch((error: unknown) => {
        if (stop.signal.aborted || mine !== wanted.current) return;
        setState((old) => ({ ...old, error: error instanceof HubError ? error.message : String(error) }));
      })
      .finally(() => mine === wanted.current && setBusy(false));
    return () => stop.abort();
  }, [address, turn, changes.value]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` only sets a state and a ref
  useEffect(() => {
    if (!address || !every) return;
    const timer = setInterval(() => !document.hidden && again(), every);
    const look = () => !document.hidden && again();
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [address, every]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the connection is back
  useEffect(() => {
    if (isLive && state.error) again();
  }, [isLive]);

  return {
    answer: state.answer,
    of: state.of,
    isLoading: isBusy || (address !== "" && state.of !== address && !state.error),
    error: state.error,
    again,
  };
}
