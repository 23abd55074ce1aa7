/** The last day of a device: its events, and when it was switched; stored ones, and those since the page was opened. */
import { useEffect, useState } from "preact/hooks";

import { notices, now, reading } from "../../data/live";
import { usePolled } from "../../data/polled";
import type { Device, History, HubEvent } from "../../data/shapes";
import { merged, statesAsEvents } from "../../settings/log";
import { seenIn, switchesOf, type Seen, type Switched } from "./switched";

const DAY_S = 86_400;
const STEPS = 1440; // of a day: a minute each
const OLD_S = 600; // from the beginning of the day that is asked for, within which its first value is
const POLL_MS = 60_000;
const EVENTS = 100;
const STORED_MS = 1_500; // after which an event is in the store

/** `isOld`: the history of the switch reaches back a day. */
export type Past = {
  events: readonly HubEvent[];
  switches: readonly Switched[];
  isOld: boolean;
  isLoaded: boolean;
  error: string;
  again: () => void;
};

/** `point`: the key of the switch; undefined: it has none. */
export function usePast(device: Device, point: string | undefined): Past {
  const [start] = useState(() => Math.floor(now.peek() - DAY_S));
  const history = usePolled<History>(point ? "/api/history" : undefined, POLL_MS, {
    series: `${device.id}.${point}`,
    start,
    points: STEPS,
  });
  const { value, error, again } = usePolled<HubEvent[]>("/api/events", 0, { device: device.id, limit: EVENTS });
  useEffect(() => {
    const timer = setTimeout(again, STORED_MS);
    return () => clearTimeout(timer);
  }, [device.state, device.since, again]);
  const live = notices.value.filter((one) => one.device === device.id);
  const events = merged([value ?? [], live, statesAsEvents([device])], EVENTS);
  const series = history.value?.series[0];
  const seen = [...(series ? seenIn(series, history.value?.step ?? 0) : []), ...useSeen(device.id, point)];
  return {
    events,
    switches: switchesOf(seen, events, point ?? ""),
    isOld: (series?.at[0] ?? Infinity) < start + OLD_S,
    isLoaded: value !== undefined && (!point || history.value !== undefined || history.error !== ""),
    error,
    again,
  };
}

/** The value of a switch when the page was opened, and each change since. */
function useSeen(device: string, point: string | undefined): readonly Seen[] {
  const [seen, setSeen] = useState<readonly Seen[]>([]);
  useEffect(
    () =>
      reading(device, point ?? "").subscribe((newest) => {
        const isOn = newest?.value;
        if (newest && typeof isOn === "boolean")
          setSeen((all) => (all.at(-1)?.isOn === isOn ? all : [...all, { at: newest.at, isOn, within: 0 }]));
      }),
    [device, point],
  );
  return seen;
}
