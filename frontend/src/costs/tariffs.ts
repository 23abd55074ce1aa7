/** The tariffs of the hub: asked for once, and again when the configuration was changed here. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { get } from "../data/http";
import { connection } from "../data/live";
import type { Tariff, Tariffs } from "./shapes";

/** undefined: not known yet, or the hub keeps no costs. */
export const tariffs = signal<Tariffs | undefined>(undefined);

let asked = 0;
const OLD_MS = 60_000;

/** The tariffs; they are asked for when the page is opened, at most once a minute. */
export function useTariffs(): Tariffs | undefined {
  const isLive = connection.value === "live";
  useEffect(() => {
    if (!isLive || (performance.now() - asked < OLD_MS && asked)) return;
    asked = performance.now() || 1;
    get<Tariffs>("/api/tariffs").then(
      (found) => (tariffs.value = found),
      () => (asked = 0), // without costs, the page is as before
    );
  }, [isLive]);
  return tariffs.value;
}

const KEY = "unclouded.costs"; // whether this browser has seen costs

/** Whether there are costs, or, until that is known, whether there were the last time: then their places are kept. */
export function hasCosts(found: Tariffs | undefined): boolean {
  if (!found) return localStorage.getItem(KEY) !== null;
  const is = activeOf(found) !== undefined;
  localStorage[is ? "setItem" : "removeItem"](KEY, "1");
  return is;
}

/** The tariff that costs are in; undefined without one. */
export function activeOf(all: Tariffs | undefined): Tariff | undefined {
  return all?.active ? all.tariffs.find((one) => one.active) : undefined;
}
