/** The frame of every page: title, places to go, whether it is live. */
import { connection } from "./live";
import { DevicePage } from "./pages/device";
import { DevicesPage } from "./pages/devices";
import { HistoryPage } from "./pages/history";
import { HubPage } from "./pages/hub";
import { LoginPage } from "./pages/login";
import { NowPage } from "./pages/now";
import { path } from "./router";

export function App() {
  return connection.value === "login" ? <LoginPage /> : page(path.value);
}

function page(path: string) {
  if (path === "/history") return <HistoryPage />;
  if (path === "/devices") return <DevicesPage />;
  if (path.startsWith("/devices/")) return <DevicePage id={decodeURIComponent(path.slice("/devices/".length))} />;
  if (path === "/hub") return <HubPage />;
  return <NowPage />;
}
