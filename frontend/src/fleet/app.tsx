/** The frame of the pages of a fleet: navigation, state of the connection, who is signed in. */
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";

import { connection } from "../data/live";
import { ConnectionState, Disconnected, Freshness, SkipLink, useFocusOn } from "../parts/frame";
import { later } from "../routing/later";
import { Links, SETTINGS_ICON, type PageLink } from "../routing/link";
import { path } from "../routing/router";
import { say, type Id } from "../text/words";
import { HomesPage } from "./homes/homes";
import { session } from "./live";
import { LoginPage } from "./login";
import { homeAt, pageOf, PAGES, type Depth } from "./paths";

const HomePage = later<{ id: string; depth: Depth }>("fleet/home/home", () =>
  import("./home/home").then((page) => page.HomePage),
);
const EnergyPage = later("fleet/energy/energy", () => import("./energy/energy").then((page) => page.EnergyPage));
const CommandsPage = later("fleet/commands/commands", () =>
  import("./commands/commands").then((page) => page.CommandsPage),
);
const EventsPage = later("fleet/events/events", () => import("./events/events").then((page) => page.EventsPage));
const SettingsPage = later("fleet/settings/settings", () =>
  import("./settings/settings").then((page) => page.SettingsPage),
);

const LOOKS: Readonly<Record<(typeof PAGES)[number], readonly [Id, PageLink["icon"]]>> = {
  "/": ["fleet.homes", <path key="icon" d="M3 11.5 12 4l9 7.5M6 9.5V20h12V9.5" />],
  "/energy": ["fleet.energy", <path key="icon" d="M4 20V12M10 20V5M16 20v-9M21 20H3" />],
  "/commands": ["fleet.commands", <path key="icon" d="M8 3v5M16 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3" />],
  "/events": ["fleet.events", <path key="icon" d="M5 6h14M5 12h14M5 18h9" />],
  "/settings": ["app.settings", SETTINGS_ICON],
};

export function FleetApp() {
  const { title, page, key } = placeOf(path.value);
  const isLogin = connection.value === "login";
  useEffect(() => {
    document.title = say("app.page_title", { page: isLogin ? say("app.log_in") : title, home: say("app.title") });
  }, [title, isLogin]);
  useFocusOn(key);
  if (isLogin) return <LoginPage />;
  const current = pageOf(path.value);
  return (
    <>
      <header class="head">
        <SkipLink />
        <p class="title">
          <a class="plain" href="/">
            {say("app.title")}
          </a>
        </p>
        <Links
          links={PAGES.map((to) => ({ to, text: say(LOOKS[to][0]), icon: LOOKS[to][1], isCurrent: to === current }))}
        />
        <ConnectionState />
      </header>
      <Disconnected isKnown={session.value !== undefined} />
      <Freshness>{page}</Freshness>
    </>
  );
}

type Place = { title: string; page: VNode; key: string };

/** The page for a path. */
function placeOf(path: string): Place {
  const home = homeAt(path);
  if (home) return { title: say("fleet.home"), page: <HomePage key={home.id} {...home} />, key: path };
  const page = pageOf(path);
  const title = say(LOOKS[page][0]);
  if (page === "/energy") return { title, page: <EnergyPage />, key: page };
  if (page === "/commands") return { title, page: <CommandsPage />, key: page };
  if (page === "/events") return { title, page: <EventsPage />, key: page };
  if (page === "/settings") return { title, page: <SettingsPage />, key: page };
  return { title, page: <HomesPage />, key: page };
}
