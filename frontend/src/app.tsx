/** The frame of every page: title, navigation, state of the connection. */
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";

import { connection, deviceOf, home, role, version } from "./data/live";
import { deviceAt, type Depth } from "./device/places";
import { ConnectionState, Disconnected, Freshness, SkipLink, useFocusOn } from "./parts/frame";
import { later } from "./routing/later";
import { PageLinks } from "./routing/link";
import { NowPage } from "./pages/now";
import { nameOf } from "./devices/points";
import { path } from "./routing/router";
import { say } from "./text/words";

const HistoryPage = later("pages/history", () => import("./pages/history").then((page) => page.HistoryPage));
const DevicesPage = later("pages/devices", () => import("./pages/devices").then((page) => page.DevicesPage));
const DevicePage = later<{ id: string; depth: Depth }>("pages/device", () =>
  import("./pages/device").then((page) => page.DevicePage),
);
const AddPage = later("pages/add", () => import("./pages/add").then((page) => page.AddPage));
const SetupPage = later("pages/setup", () => import("./pages/setup").then((page) => page.SetupPage));
const ProductsPage = later("pages/products", () => import("./pages/products").then((page) => page.ProductsPage));
const DecodePage = later("pages/decode", () => import("./pages/decode").then((page) => page.DecodePage));
const RulesPage = later("pages/rules", () => import("./pages/rules").then((page) => page.RulesPage));
const BillPage = later("pages/bill", () => import("./pages/bill").then((page) => page.BillPage));
const TariffsPage = later("pages/tariffs", () => import("./pages/tariffs").then((page) => page.TariffsPage));
const SettingsPage = later("pages/settings", () => import("./pages/settings").then((page) => page.SettingsPage));
const LoginPage = later("pages/login", () => import("./pages/login").then((page) => page.LoginPage));

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
        <SkipLink />
        <p class="title">
          <a class="plain" href="/">
            {homeName}
          </a>
        </p>
        <PageLinks />
        {role.value === "read" && <span class="role">{say("app.role_read")}</span>}
        <ConnectionState />
      </header>
      <Disconnected isKnown={version.value !== ""} />
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
