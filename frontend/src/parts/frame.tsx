/** What every page has around it: the state of the connection, a notice without one, the way past the navigation. */
import type { ComponentChildren } from "preact";
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { clockOffset, connect, connection, lostSince, now, timezone } from "../data/live";
import { sinceText, timeText } from "../text/format";
import { say } from "../text/words";
import { focusMain } from "./focus";

/** The link past the navigation, for keyboards. */
export function SkipLink() {
  return (
    // biome-ignore lint/a11y/useValidAnchor: it leads to a place of this page, and moves the focus there
    <a class="skip" href="#main" onClick={skip}>
      {say("app.skip_to_content")}
    </a>
  );
}

/** Marks the content as outdated while there is no connection. */
export function Freshness({ children }: { children: ComponentChildren }) {
  return (
    <div id="main" class="freshness" data-fresh={connection.value === "live" ? "yes" : "no"}>
      {children}
    </div>
  );
}

const clock = computed(() => timeText(now.value, now.value, timezone.value));
const lostAt = computed(() => sinceText(lostSince.value / 1000 + clockOffset.value, now.value, timezone.value));

/** `live 14:03`, `connecting…`, `disconnected since 14:02, reconnecting`; screen readers do not announce the time. */
export function ConnectionState() {
  const state = connection.value;
  return (
    <p class="connection" data-connection={state}>
      {state === "live" && <span aria-hidden="true">{say("app.live_at", { time: clock.value })}</span>}
      <span role="status" class={state === "live" ? "hidden-text" : ""}>
        {state === "live" && say("app.live")}
        {state === "connecting" && say("app.connecting")}
        {state === "lost" && say("app.reconnecting", { time: lostAt.value })}
      </span>
    </p>
  );
}

const GRACE_S = 3; // s: shorter interruptions are shown in the header only
const isGone = computed(
  () => connection.value === "lost" && now.value - clockOffset.value - lostSince.value / 1000 >= GRACE_S,
);

/** A notice that the data shown is not current. `isKnown`: there are some. */
export function Disconnected({ isKnown }: { isKnown: boolean }) {
  if (!isGone.value) return null;
  const text = isKnown ? say("app.disconnected", { time: lostAt.value }) : say("app.no_answer");
  return (
    <div class="disconnected" role="alert">
      <p>{text}</p>
      <button type="button" onClick={connect}>
        {say("app.try_now")}
      </button>
    </div>
  );
}

/** Navigation moves the focus to the beginning of the new page, for screen readers. */
export function useFocusOn(key: string): void {
  const last = useRef(key);
  useEffect(() => {
    if (last.current !== key) focusMain();
    last.current = key;
  }, [key]);
}

function skip(event: Event): void {
  event.preventDefault();
  focusMain();
}
