/** Navigation: at the top, on phones at the bottom. */
import type { JSX } from "preact";

import { path } from "./router";
import { say, type Id } from "../text/words";
import { isAt, PATHS } from "./paths";
import { Icon } from "../parts/icon";

export const SETTINGS_ICON = (
  <>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2" />
    <circle cx="9" cy="17" r="2" />
  </>
);

/** Text and icon of each page; icons have a view box of 24 by 24. */
const LOOKS: Readonly<Record<(typeof PATHS)[number], { text: Id; icon: JSX.Element }>> = {
  "/": { text: "app.now", icon: <path d="M13 3 5 14h6l-1 7 8-11h-6z" /> },
  "/history": { text: "app.history", icon: <path d="M4 4v16h16M8 16l4-5 3 3 5-7" /> },
  "/devices": { text: "app.devices", icon: <path d="M9 3v5m6-5v5M6 8h12v4a6 6 0 0 1-12 0zm6 10v4" /> },
  "/settings": { text: "app.settings", icon: SETTINGS_ICON },
};

export function PageLinks() {
  return (
    <Links
      links={PATHS.map((to) => ({
        to,
        text: say(LOOKS[to].text),
        icon: LOOKS[to].icon,
        isCurrent: isAt(to, path.value),
      }))}
    />
  );
}

export type PageLink = { to: string; text: string; icon: JSX.Element; isCurrent: boolean };

export function Links({ links }: { links: readonly PageLink[] }) {
  return (
    <nav class="page-links" aria-label={say("app.pages")}>
      <ul>
        {links.map(({ to, text, icon, isCurrent }) => (
          <li key={to}>
            <a href={to} aria-current={isCurrent ? "page" : undefined}>
              <Icon width={1.75}>{icon}</Icon>
              {text}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
