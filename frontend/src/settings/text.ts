/** Figures of the hub, its store and its broker as text. Pure. */
import type { Hub } from "../data/shapes";
import { countText, decimalText } from "../text/format";
import { say, sayIfKnown } from "../text/words";

/** `45 s`, `12 min`, `4 h 12 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days) return hours ? `${days} d ${hours} h` : `${days} d`;
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes ? `${minutes} min` : `${whole} s`;
}

/** `512 B`, `4.1 kB`, `12 MB`, `1.3 GB`: decimal units, as for disks. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = bytes;
  let step = 0;
  while (Math.round(size) >= 1000 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  const digits = step === 0 || size >= 9.95 ? 0 : 1;
  return `${decimalText(size, digits)} ${units[step]}`;
}

/** The problems of the store, one sentence each; none if there are no problems. */
export function storeProblems(store: Hub["store"]): string[] {
  const problems: string[] = [];
  if (store.failures > 0) problems.push(say("hub.store_failures", { count: countText(store.failures) }));
  if (store.dropped > 0) problems.push(say("hub.store_dropped", { count: countText(store.dropped) }));
  if (store.unstorable > 0) problems.push(say("hub.store_unstorable", { count: countText(store.unstorable) }));
  return problems;
}

export type BrokerRow = { key: string; name: string; value: string };

const NOT_COUNTED = new Set(["listen", "problems"]);

/** The broker's counters, each with its name. */
export function brokerRows(broker: Readonly<Record<string, unknown>>): BrokerRow[] {
  return Object.entries(broker)
    .filter(([key]) => !NOT_COUNTED.has(key))
    .map(([key, value]) => ({
      key,
      name: sayIfKnown(`hub.broker_${key}`, key.replaceAll("_", " ")),
      value: typeof value === "number" ? countText(value) : String(value),
    }));
}

/** The address of the broker, as `host:port`; "" if unknown. */
export function brokerAddress(broker: Readonly<Record<string, unknown>>): string {
  return typeof broker.listen === "string" ? broker.listen : "";
}
