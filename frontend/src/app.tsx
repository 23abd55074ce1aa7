/** The frame of every page: title, places to go, whether it is live. */
import type { ComponentChildren, VNode } from "preact";
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { timeText } from "./format";
import { clockOffset, connect, connection, deviceOf, lostSince, now, role, timezone, version } from "./live";
import { focusMain } from "./parts/focus";
import { later } from "./parts/later";
import { PageLinks } from "./parts/link";
import { NowPage } from "./pages/now";
import { nameOf } from "./points";
import { path } from "./router";
import { say } from "./words";

const HistoryPage = later(() => import("./pages/history").then((page) => page.HistoryPage));
const DevicesPage = later(() => import("./pages/devices").then((page) => page.DevicesPage));
const DevicePage = later<{ id: string }>(() => import("./pages/device").then((page) => page.DevicePage));
const HubPage = later(() => import("./pages/hub").then((page) => page.HubPage));
const LoginPage = later(() => import("./pages/login").then((page) => page.LoginPage));

export function App() {
  const { title, page, key } = placeOf(path.value);
  const isLogin = connection.value === "login";
  useEffect(() => {
    document.title = say("app.page_title", { page: isLogin ? say("app.log_in") : title });
  }, [title, isLogin]);
  useFocusOn(key);
  if (isLogin) return <LoginPage />;
  return (
    <>
      <header class="head">
        <a class="skip" href="#main" onClick={skip}>
          {say("app.skip_to_content")}
        </a>
        <p class="title">
          <a class="plain" href="/">
            {say("app.title")}
          </a>
        </p>
        <PageLinks />
        {role.value === "read" && <span class="role">{say("app.role_read")}</span>}
        <ConnectionState />
      </header>
      <Disconnected />
      <Freshness>{page}</Freshness>
    </>
  );
}

type Place = { title: string; page: VNode; key: string };

/** What a path shows. */
function placeOf(path: string): Place {
  if (path === "/history") return { title: say("app.history"), page: <HistoryPage />, key: path };
  if (path === "/devices") return { title: say("app.devices"), page: <DevicesPage />, key: path };
  if (path === "/hub") return { title: say("app.hub"), page: <HubPage />, key: path };
  if (!path.startsWith("/devices/")) return { title: say("app.now"), page: <NowPage />, key: "/" };
  const id = named(path.slice("/devices/".length));
  const device = deviceOf(id);
  return { title: device ? nameOf(device) : id, page: <DevicePage key={id} id={id} />, key: path };
}

/** A part of a path as it was meant. */
function named(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // a lone % in an address that somebody typed
  }
}

/** Marks all that is shown as not live while it is not. */
function Freshness({ children }: { children: ComponentChildren }) {
  return (
    <div id="main" class="fresh" data-fresh={connection.value === "live" ? "yes" : "no"}>
      {children}
    </div>
  );
}

const clock = computed(() => timeText(now.value, now.value, timezone.value));
const lostAt = computed(() => timeText(lostSince.value / 1000 + clockOffset.value, now.value, timezone.value));

/** `live 14:03`, `connecting…`, `not live since 14:02, trying again`; the time is not read out each minute. */
function ConnectionState() {
  const state = connection.value;
  return (
    <p class="pulse" data-connection={state}>
      {state === "live" && <span aria-hidden="true">{say("app.live_at", { time: clock.value })}</span>}
      <span role="status" class={state === "live" ? "hidden-text" : ""}>
        {state === "live" && say("app.live")}
        {state === "connecting" && say("app.connecting")}
        {state === "lost" && say("app.reconnecting", { time: lostAt.value })}
      </span>
    </p>
  );
}

const GRACE_S = 3; // s: shorter breaks only show in the corner
const isGone = computed(() => connection.value === "lost" && now.value - clockOffset.value - lostSince.value / 1000 >= GRACE_S);

/** Says that what is shown is not live. */
function Disconnected() {
  if (!isGone.value) return null;
  const words = version.value ? say("app.disconnected", { time: lostAt.value }) : say("app.no_answer");
  return (
    <div class="lost" role="alert">
      <p>{words}</p>
      <button type="button" onClick={connect}>
        {say("app.try_now")}
      </button>
    </div>
  );
}

/** Whoever goes to another page begins at its top, with a screen reader as well. */
function useFocusOn(key: string): void {
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
