/** Routing by path without reloading. Links are ordinary <a href>. */
import { signal } from "@preact/signals";

export const path = signal(location.pathname);
export const query = signal(new URLSearchParams(location.search));

/** Navigate; `replace`: without a new entry in the browser's history. */
export function go(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  look();
  if (!replace) scrollTo(0, 0);
}

/** `moved`: the new path of what had another one, which bookmarks may still have. */
export function startRouting(moved: Readonly<Record<string, string>>): void {
  const to = moved[location.pathname];
  if (to) go(to, true);
  addEventListener("popstate", look);
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest("a");
    if (
      !link ||
      link.origin !== location.origin ||
      link.target ||
      link.download ||
      /^\/(?:api|docs)(?:\/|$)/.test(link.pathname)
    )
      return;
    // a place of this page
    if (link.hash && link.pathname + link.search === location.pathname + location.search) return;
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.pathname + link.search + link.hash);
  });
}

function look(): void {
  path.value = location.pathname;
  query.value = new URLSearchParams(location.search);
}
