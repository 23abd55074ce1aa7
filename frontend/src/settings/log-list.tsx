/** The list of events: stored ones and live ones, by day. */
import { computed } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { usePolled } from "../data/polled";
import { clockText } from "../text/format";
import { byId, devices, notices, now, timezone } from "../data/live";
import { Notice } from "../parts/notice";
import { StateDot } from "../parts/state";
import { nameOf } from "../devices/points";
import type { HubEvent } from "../data/shapes";
import { say } from "../text/words";
import { byDay, eventText, isProblem, keyOf, kindName, merged, statesAsEvents, stateOf } from "./log";

const LIMIT = 200;
const minute = computed(() => Math.floor(now.value / 60) * 60); // so that 200 lines are not rendered again every second

export function Log() {
  const [device, setDevice] = useState("");
  const query = device ? { device, limit: LIMIT } : { limit: LIMIT };
  const { value, error, again } = usePolled<HubEvent[]>("/api/events", 0, query);
  const recent = useNewEvents();
  const events = useMemo(() => {
    const matching = recent.filter((one) => !device || one.device === device);
    return value ? merged([value, matching], LIMIT) : [];
  }, [value, recent, device]);
  const days = byDay(events, minute.value, timezone.value);
  return (
    <div class="log">
      <div class="row-of">
        <Filter device={device} choose={setDevice} />
      </div>
      {error && (
        <Notice kind="fault" again={again}>
          {error}
        </Notice>
      )}
      {!value && !error && <div class="skeleton place" aria-busy="true" />}
      {value && !events.length && <p class="soft">{say("hub.log_empty")}</p>}
      {days.map(({ day, events }) => (
        <section key={day} aria-label={day}>
          <h3>{day}</h3>
          <ol>
            {events.map((event) => (
              <Entry key={keyOf(event)} event={event} />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

/** Events since this page was opened: notices, and changes of device states. */
function useNewEvents(): readonly HubEvent[] {
  const [states, setStates] = useState<readonly HubEvent[]>([]);
  const last = useRef("");
  const fresh = statesAsEvents(devices.value);
  const keys = fresh.map(keyOf).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `fresh` by `keys`, since it is made again each time
  useEffect(() => {
    if (keys === last.current) return;
    last.current = keys;
    setStates((before) => merged([before, fresh], LIMIT));
  }, [keys]);
  return useMemo(() => [...notices.value, ...states], [notices.value, states]);
}

function Filter({ device, choose }: { device: string; choose: (device: string) => void }) {
  return (
    <select value={device} aria-label={say("hub.log_filter")} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{say("hub.log_all")}</option>
      {devices.value
        .filter((one) => one.state !== "seen")
        .map((one) => (
          <option key={one.id} value={one.id}>
            {nameOf(one)}
          </option>
        ))}
    </select>
  );
}

function Entry({ event }: { event: HubEvent }) {
  const who = byId.value.get(event.device);
  return (
    <li data-kind={event.kind} data-problem={isProblem(event)}>
      <time dateTime={event.at}>{clockText(Date.parse(event.at) / 1000, timezone.value)}</time>
      <Mark event={event} />
      <p>
        {event.device &&
          (who ? <a href={`/devices/${encodeURIComponent(event.device)}`}>{nameOf(who)}</a> : event.device)}
        {event.device ? ": " : ""}
        {eventText(event)}
      </p>
    </li>
  );
}

const MARKS: Readonly<Record<string, string>> = {
  command: "→",
  action: "▸",
  rejected: "!",
  admitted: "+",
  left: "−",
  started: "↻",
};

function Mark({ event }: { event: HubEvent }) {
  const state = stateOf(event);
  const text = kindName(event.kind);
  if (state)
    return (
      <span class="kind" title={text}>
        <StateDot state={state} />
        <span class="hidden-text">{text}: </span>
      </span>
    );
  return (
    <span class="kind" title={text}>
      <span aria-hidden="true">{MARKS[event.kind] ?? "·"}</span>
      <span class="hidden-text">{text}: </span>
    </span>
  );
}
