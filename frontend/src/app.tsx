/** The frame of every page: title, navigation, state of the connection. */
import type { ComponentChildren, VNode } from "preact";
import { computed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { sinceText, timeText } from "./text/format";
import { clockOffset, connect, connection, deviceOf, home, lostSince, now, role, timezone, version } from "./data/live";
import { deviceAt, type Depth } from "./device/places";
import { focusMain } from "./parts/focus";
import { later } from "./routing/later";
import { PageLinks } from "./routing/link";
import { NowPage } from "./pages/now";
import { nameOf } from "./devices/points";
import { path } from "./routing/router";
import { say } from "./text/words";

const HistoryPage = later(() => import("./pages/history").then((page) => page.HistoryPage));
const DevicesPage = later(() => import("./pages/devices").then((page) => page.DevicesPage));
const DevicePage = later<{ id: string; depth: Depth }>(() => import("./pages/device").then((page) => page.DevicePage));
const AddPage = later(() => import("./pages/add").then((page) => page.AddPage));
const SetupPage = later(() => import("./pages/setup").then((page) => page.SetupPage));
const ProductsPage = later(() => import("./pages/products").then((page) => page.ProductsPage));
const DecodePage = later(() => import("./pages/decode").then((page) => page.DecodePage));
const RulesPage = later(() => import("./pages/rules").then((page) => page.RulesPage));
const BillPage = later(() => import("./pages/bill").then((page) => page.BillPage));
const TariffsPage = later(() => import("./pages/tariffs").then((page) => page.TariffsPage));
const SettingsPage = later(() => import("./pages/settings").then((page) => page.SettingsPage));
const LoginPage = later(() => import("./pages/login").then((page) => page.LoginPage));

export function App() {
  const { title, page, key } = placeOf(path.value);
  const isLogin = connection.value === "login";
  const homeName = home.value || say("app.title");
  useEffect(() => {
    document.title = say("app.page_title", { page: isLogin ? say("app.log_in") : title, home: homeName });
  }, [title, isLogin, homeName]);
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
            {homeName}
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

/** The page for a path. */
function placeOf(path: string): Place {
  if (path === "/history") return { title: say("app.history"), page: <HistoryPage />, key: path };
  if (path === "/devices") return { title: say("app.devices"), page: <DevicesPage />, key: path };
  if (path === "/add") return { title: say("add.title"), page: <AddPage />, key: path };
  if (path === "/setup") return { title: say("setup.title"), page: <SetupPage />, key: path };
  if (path === "/products") return { title: say("products.title"), page: <ProductsPage />, key: path };
  if (path === "/decode") return { title: say("decode.title"), page: <DecodePage />, key: path };
  if (path === "/rules") return { title: say("rules.title"), page: <RulesPage />, key: path };
  if (path === "/bill") return { title: say("bill.title"), page: <BillPage />, key: path };
  if (path === "/tariffs") return { title: say("tariff.title"), page: <TariffsPage />, key: path };
  if (path === "/settings") return { title: say("app.settings"), page: <SettingsPage />, key: path };
  const at = deviceAt(path);
  if (!at) return { title: say("app.now"), page: <NowPage />, key: "/" };
  const device = deviceOf(at.id);
  const name = device ? nameOf(device) : at.id;
  const title = at.depth === "overview" ? name : say(`device.title_${at.depth}`, { device: name });
  return { title, page: <DevicePage key={at.id} {...at} />, key: path };
}

/** Marks the content as outdated while there is no connection. */
function Freshness({ children }: { children: ComponentChildren }) {
  return (
    <div id="main" class="freshness" data-fresh={connection.value === "live" ? "yes" : "no"}>
      {children}
    </div>
  );
}

const clock = computed(() => timeText(now.value, now.value, timezone.value));
const lostAt = computed(() => sinceText(lostSince.value / 1000 + clockOffset.value, now.value, timezone.value));

/** `live 14:03`, `connecting…`, `disconnected since 14:02, reconnecting`; screen readers do not announce the time. */
function ConnectionState() {
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
const isGone = computed(() => connection.value === "lost" && now.value - clockOffset.value - lostSince.value / 1000 >= GRACE_S);

/** A notice that the data shown is not current. */
function Disconnected() {
  if (!isGone.value) return null;
  const text = version.value ? say("app.disconnected", { time: lostAt.value }) : say("app.no_answer");
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
